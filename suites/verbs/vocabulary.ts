/** The list of verbs: a new one is a file beside this and a line here. `await` is not one of them: the runner repeats a verb for it. */
import { ack } from "./ack.ts";
import { ioError, killAt } from "./call-faults.ts";
import { consumerCreate } from "./consumer-create.ts";
import { consumerDelete } from "./consumer-delete.ts";
import { consumerInfo } from "./consumer-info.ts";
import { consumerList } from "./consumer-list.ts";
import { directGet } from "./direct-get.ts";
import { fillDisk, freeDisk, readOnly } from "./disk-state.ts";
import { fetch } from "./fetch.ts";
import { fileFault } from "./file-fault.ts";
import { kill } from "./kill.ts";
import { fileLimit, memoryLimit } from "./limits.ts";
import { messageDelete } from "./message-delete.ts";
import { messageGet } from "./message-get.ts";
import { next } from "./next.ts";
import { pause } from "./pause.ts";
import { powerCut } from "./power-cut.ts";
import { publish } from "./publish.ts";
import { pullRequest } from "./pull-request.ts";
import { raw } from "./raw.ts";
import { release } from "./release.ts";
import { request } from "./request.ts";
import { restart } from "./restart.ts";
import { startKills } from "./start-kills.ts";
import { streamCreate } from "./stream-create.ts";
import { streamDelete } from "./stream-delete.ts";
import { streamInfo } from "./stream-info.ts";
import { streamList } from "./stream-list.ts";
import { streamNames } from "./stream-names.ts";
import { streamPurge } from "./stream-purge.ts";
import { streamUpdate } from "./stream-update.ts";
import { subscribe } from "./subscribe.ts";
import { unsubscribe } from "./unsubscribe.ts";
import type { Verb } from "./verb.ts";
import { waitUntil } from "./wait-until.ts";

export const vocabulary: readonly Verb[] = [
  ack,
  consumerCreate,
  consumerDelete,
  consumerInfo,
  consumerList,
  directGet,
  fetch,
  fileFault,
  fileLimit,
  fillDisk,
  freeDisk,
  ioError,
  kill,
  killAt,
  memoryLimit,
  messageDelete,
  messageGet,
  next,
  pause,
  powerCut,
  publish,
  pullRequest,
  raw,
  readOnly,
  release,
  request,
  restart,
  startKills,
  streamCreate,
  streamDelete,
  streamInfo,
  streamList,
  streamNames,
  streamPurge,
  streamUpdate,
  subscribe,
  unsubscribe,
  waitUntil,
];

export const verbsByName: ReadonlyMap<string, Verb> = new Map(vocabulary.map((verb) => [verb.name, verb]));
