/** A server that somebody else runs: it is connected to and nothing else. */
import { noCapabilities } from "../capabilities.ts";
import type { Instance, ProvisionOptions, Target } from "../target.ts";
import { TargetError } from "../target.ts";
import { waitUntilReady } from "./readiness.ts";

export const urlReason = "this server was not started by streamproof, only connected to; give a target that it starts";

const withinMsDefault = 5000;

export async function provisionUrl(target: Target, url: string, options: ProvisionOptions = {}): Promise<Instance> {
  if (options.powerCut === true) {
    throw new TargetError("TARGET_CAPABILITY_MISSING", `target "${target.name}": ${urlReason}`);
  }
  if (Object.keys(options.settings ?? {}).length > 0) {
    throw new TargetError("TARGET_SETTING_UNKNOWN", `target "${target.name}" can't be configured: ${urlReason}`);
  }
  const reach = async () => {
    const withinMs = options.startTimeoutMs ?? withinMsDefault;
    const readiness = await waitUntilReady({ url, withinMs, jetstream: true, signal: options.signal });
    if (readiness.is !== "ready") {
      const problem = readiness.is === "not-ready" ? readiness.problem : "it ended";
      throw new TargetError("TARGET_UNREACHABLE", `target "${target.name}" can't be used: ${problem}`);
    }
    return readiness;
  };
  const { info } = await reach();
  const lacking = () => Promise.reject(new TargetError("TARGET_CAPABILITY_MISSING", `target "${target.name}": ${urlReason}`));
  return {
    target,
    url,
    epoch: 1,
    pid: undefined,
    capabilities: noCapabilities(urlReason),
    settings: target.settings,
    server: { name: info.server_name, version: info.version },
    dataDirectory: undefined,
    logTail: () => [],
    start: async () => (await reach()).afterMs,
    stop: lacking,
    kill: lacking,
    powerCut: lacking,
    pause: lacking,
    resume: lacking,
    dispose: async () => {},
  };
}
