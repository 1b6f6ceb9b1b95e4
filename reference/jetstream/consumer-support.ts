/** What consumers of this server cannot do yet. It is refused by name, after everything the official server would refuse. */
import type { ConsumerConfig } from "./consumer-config.ts";
import { type ApiError, apiErrors, because } from "./errors.ts";

export function unsupportedFeature(config: ConsumerConfig): ApiError | undefined {
  const feature = unsupported(config);
  return feature === undefined ? undefined : because(apiErrors.consumerCreate, `${feature} not supported by this server yet`);
}

function unsupported(config: ConsumerConfig): string | undefined {
  if (config.direct || config.sourcing) {
    return "direct and sourcing consumers are";
  }
  if (config.ack_policy === "flow_control") {
    return "ack policy flow_control is";
  }
  return undefined;
}
