/** The consumer part of the API table. Pull requests and acknowledgements are subscriptions of each consumer, not endpoints. */
import { consumerCreateDurable, consumerCreateEphemeral, consumerCreateFiltered, consumerCreateNamed } from "./consumer-create.ts";
import { consumerDelete } from "./consumer-delete.ts";
import { consumerInfoEndpoint } from "./consumer-info.ts";
import { consumerList, consumerNames } from "./consumer-list.ts";
import { consumerPause } from "./consumer-pause.ts";
import { consumerReset } from "./consumer-reset.ts";
import { consumerUnpin } from "./consumer-unpin.ts";
import type { Endpoint } from "./endpoint.ts";

export const consumerEndpoints: readonly Endpoint[] = [
  consumerCreateEphemeral,
  consumerCreateNamed,
  consumerCreateFiltered,
  consumerCreateDurable,
  consumerInfoEndpoint,
  consumerNames,
  consumerList,
  consumerDelete,
  consumerPause,
  consumerUnpin,
  consumerReset,
];
