/** Every `$JS.API` request that this server answers. Dispatch, statistics and the level gate follow from this list. */
import { accountInfo } from "./account-info.ts";
import { consumerEndpoints } from "./consumer-endpoints.ts";
import type { Endpoint } from "./endpoint.ts";
import { messageDelete } from "./message-delete.ts";
import { messageGet } from "./message-get.ts";
import { streamCreate } from "./stream-create.ts";
import { streamDelete } from "./stream-delete.ts";
import { streamInfoRequest } from "./stream-info.ts";
import { streamList, streamNames } from "./stream-list.ts";
import { streamPurge } from "./stream-purge.ts";
import { streamUpdate } from "./stream-update.ts";
import { clusterEndpoints, streamRestore, streamSnapshot } from "./unsupported.ts";

const streamEndpoints: readonly Endpoint[] = [
  accountInfo,
  streamCreate,
  streamUpdate,
  streamInfoRequest,
  streamNames,
  streamList,
  streamDelete,
  streamPurge,
  messageGet,
  messageDelete,
  streamSnapshot,
  streamRestore,
  ...clusterEndpoints,
];

export const endpoints: readonly Endpoint[] = [...streamEndpoints, ...consumerEndpoints];
