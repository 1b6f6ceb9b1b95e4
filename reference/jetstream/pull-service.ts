/** Pull requests from arrival to their end: what is refused at once, what waits, what expires, and heartbeats in between. */
import type { ConsumerCore } from "./consumer-core.ts";
import { formatGoDuration } from "./go-duration.ts";
import { extendPin, isPinning } from "./priority-pin.ts";
import { WaitingPull } from "./pull-queue.ts";
import { type PullRequest, parsePullRequest } from "./pull-request.ts";
import {
  exceededMaxWaiting,
  idleHeartbeat,
  noMessages,
  pinIdMismatch,
  pushBased,
  requestsPending,
  requestTimeout,
  statusLine,
} from "./pull-status.ts";

/** A full queue is searched for dead requests at most that often. */
const fullSweepMs = 1000;

/** Takes a request. Without a reply subject there is nobody to deliver to. */
export function pull(core: ConsumerCore, reply: string | undefined, body: string): void {
  if (reply === undefined || core.closed) {
    return;
  }
  if (core.push !== undefined) {
    core.sendStatus(reply, pushBased);
    return;
  }
  const request = parsePullRequest(body);
  if ("invalid" in request) {
    core.sendStatus(reply, statusLine(`400 Bad Request - ${request.invalid}`));
    return;
  }
  const refusal = overLimit(core, request) ?? priorityProblem(core, request);
  if (refusal !== undefined) {
    core.sendStatus(reply, statusLine(refusal));
    return;
  }
  if (isPinning(core) && request.priority !== undefined && request.priority.id !== "") {
    // While nobody is pinned it waits, and is told with the next message that its id is no longer good.
    if (core.pin.id !== "" && request.priority.id !== core.pin.id) {
      core.sendStatus(reply, pinIdMismatch);
      return;
    }
    extendPin(core);
  }
  const nowMs = core.nowMs;
  if (core.pulls.length >= Number(core.config.max_waiting) && nowMs - core.lastSweepMs > fullSweepMs) {
    sweepPulls(core, nowMs, { endOfStream: false });
  }
  if (request.noWait) {
    const status = impatienceProblem(core, request, nowMs);
    if (status !== undefined) {
      core.lastActivityMs = nowMs;
      core.sendStatus(reply, status);
      return;
    }
  }
  if (core.pulls.length >= Number(core.config.max_waiting)) {
    // A client that asked for heartbeats notices their absence; telling it would only make it ask again at once.
    if (request.heartbeatMs === 0) {
      core.sendStatus(reply, exceededMaxWaiting);
    }
    return;
  }
  wait(core, new WaitingPull(request, { reply, route: core.host.context.account.route(reply), nowMs }), nowMs);
}

function wait(core: ConsumerCore, waiting: WaitingPull, nowMs: number): void {
  core.pulls.add(waiting);
  core.lastActivityMs = nowMs;
  core.pullDueMs = Math.min(core.pullDueMs, waiting.expiresAtMs, waiting.heartbeatAtMs);
  core.wake();
}

function overLimit({ config }: ConsumerCore, request: PullRequest): string | undefined {
  if (config.max_batch > 0 && request.batch > config.max_batch) {
    return `409 Exceeded MaxRequestBatch of ${config.max_batch}`;
  }
  if (config.max_expires > 0 && request.expiresMs > Number(config.max_expires) / 1e6) {
    return `409 Exceeded MaxRequestExpires of ${formatGoDuration(config.max_expires)}`;
  }
  if (config.max_bytes > 0 && request.maxBytes > config.max_bytes) {
    return `409 Exceeded MaxRequestMaxBytes of ${config.max_bytes}`;
  }
  return undefined;
}

/** Only a request in JSON says anything about priorities; any other one skips these checks and waits like the rest. */
function priorityProblem({ config }: ConsumerCore, { priority }: PullRequest): string | undefined {
  if (priority === undefined) {
    return undefined;
  }
  if ((priority.minPending !== 0 || priority.minAckPending !== 0) && config.priority_policy !== "overflow") {
    return "400 Bad Request - Not a Overflow Priority consumer";
  }
  if (priority.id !== "" && config.priority_policy !== "pinned_client") {
    return "400 Bad Request - Not a Pinned Client Priority consumer";
  }
  if (priority.priority < 0 || priority.priority > 9) {
    return "400 Bad Request - Priority must be between 0 and 9";
  }
  if (config.priority_policy === "none") {
    return undefined;
  }
  if (priority.group === "") {
    return "400 Bad Request - Priority Group missing";
  }
  return config.priority_groups.includes(priority.group) ? undefined : "400 Bad Request - Invalid Priority Group";
}

/** A request that will not wait gets its answer now when nothing is there for it. With `expires` it waits for a first message. */
function impatienceProblem(core: ConsumerCore, request: PullRequest, nowMs: number): Uint8Array | undefined {
  const available = core.toDeliver + core.redelivery.length;
  if (available === 0) {
    return request.expiresMs === 0 ? noMessages : undefined;
  }
  return available < sweepPulls(core, nowMs, { endOfStream: false }) ? requestsPending : undefined;
}

/**
 * Ends requests that are over, drops those that nobody listens for any more, and sends heartbeats. Returns how many messages the
 * remaining ones ask for. `endOfStream`: nothing is left to deliver, so requests that will not wait end.
 */
export function sweepPulls(core: ConsumerCore, nowMs: number, { endOfStream }: { endOfStream: boolean }): number {
  core.lastSweepMs = nowMs;
  core.pullDueMs = Number.POSITIVE_INFINITY;
  let wanted = 0;
  core.pulls.sweep((waiting) => {
    if (isOver(core, waiting, { nowMs, endOfStream })) {
      return true;
    }
    wanted += waiting.left;
    if (nowMs >= waiting.heartbeatAtMs) {
      core.sendStatus(waiting.reply, idleHeartbeat(core.lastSequences));
      waiting.heartbeatAtMs = nowMs + waiting.request.heartbeatMs;
    }
    core.pullDueMs = Math.min(core.pullDueMs, waiting.expiresAtMs, waiting.heartbeatAtMs);
    return false;
  });
  return wanted;
}

function isOver(core: ConsumerCore, waiting: WaitingPull, { nowMs, endOfStream }: { nowMs: number; endOfStream: boolean }): boolean {
  if (nowMs >= waiting.expiresAtMs) {
    core.sendStatus(waiting.reply, requestTimeout({ messages: waiting.left, bytes: waiting.bytesLeft }));
    core.lastActivityMs = Math.max(core.lastActivityMs, waiting.expiresAtMs);
    return true;
  }
  const { noWait, expiresMs } = waiting.request;
  if (endOfStream && noWait && (expiresMs === 0 || waiting.delivered > 0)) {
    core.sendStatus(waiting.reply, noMessages);
    core.lastActivityMs = nowMs;
    return true;
  }
  return !waiting.route.alive();
}
