/**
 * Priority policy pinned_client (ADR-42): one client at a time gets the messages. Whoever is served first without an id is pinned: its
 * deliveries carry the id that its next requests have to name. Requests without an id wait behind it; the pin ends when its client is
 * silent for `priority_timeout`, or by UNPIN.
 */
import type { Delivery } from "../broker/service.ts";
import { advisePinned, adviseUnpinned } from "./consumer-advisories.ts";
import type { ConsumerCore } from "./consumer-core.ts";
import { addHeader } from "./consumer-headers.ts";
import type { WaitingPull } from "./pull-queue.ts";
import { wrongPinId } from "./pull-status.ts";
import { uniqueId } from "./unique-id.ts";

/** What becomes of a waiting request when the next message is there. */
export type PinVerdict = "serve" | "pass" | "over";

export function isPinning({ config }: ConsumerCore): boolean {
  return config.priority_policy === "pinned_client";
}

/** Whoever has an id has to have the right one; the others wait while somebody is pinned. A request that is not JSON skips all that. */
export function pinVerdict(core: ConsumerCore, pull: WaitingPull): PinVerdict {
  const { pin } = core;
  if (!isPinning(core) || pull.request.priority === undefined) {
    return "serve";
  }
  if (pull.pinId === "") {
    return pin.id === "" ? "serve" : "pass";
  }
  return pull.pinId === pin.id ? "serve" : "over";
}

/** Called for the request that gets the next message: the first one becomes the pinned client. */
export function pinTo(core: ConsumerCore, pull: WaitingPull): void {
  const { pin, host } = core;
  if (pin.id !== "" || !isPinning(core)) {
    return;
  }
  pin.id = uniqueId(host.context.random);
  pin.sinceNs = host.context.clock.nowNs();
  pull.pinId = pin.id;
  extendPin(core);
  advisePinned(core, pin.id);
}

/** The pinned client showed that it is there. */
export function extendPin(core: ConsumerCore): void {
  if (core.pin.id !== "") {
    core.pin.dueMs = core.nowMs + Number(core.config.priority_timeout) / 1e6;
  }
}

export function unpin(core: ConsumerCore, reason: "admin" | "timeout"): void {
  if (core.pin.id !== "") {
    forgetPin(core);
    adviseUnpinned(core, reason);
    core.wake();
  }
}

export function forgetPin({ pin }: ConsumerCore): void {
  pin.id = "";
  pin.sinceNs = 0n;
  pin.dueMs = Number.POSITIVE_INFINITY;
}

/** The delivery as the pinned client gets it. */
export function withPin(delivery: Delivery, id: string): Delivery {
  const pinned = { ...delivery };
  addHeader(pinned, `Nats-Pin-Id: ${id}`, { keepPayload: true });
  return pinned;
}

export function tellWrongPin(core: ConsumerCore, pull: WaitingPull): void {
  core.sendStatus(pull.reply, wrongPinId({ messages: pull.left, bytes: pull.bytesLeft }));
}
