/** `Nats-Required-Api-Level`: a request that needs a newer server is refused instead of half understood (ADR-44). */
import type { InboundMessage } from "../../broker/service.ts";
import { headerValue } from "../message-headers.ts";
import { apiLevel } from "../stream-config.ts";

/** True for a level above ours, and for what is no number. */
export function isLevelTooHigh(message: InboundMessage): boolean {
  const required = headerValue(message, "Nats-Required-Api-Level");
  return required !== "" && !(/^[+-]?\d+$/.test(required) && Number(required) <= apiLevel);
}
