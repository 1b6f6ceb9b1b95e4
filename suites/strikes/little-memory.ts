/**
 * Too little memory under load: the server starts anew within a control group, the limit is lowered to what it uses, and what it takes next makes the
 * kernel end it. A server that gives memory back in time gets by, which is an outcome too and no lack of evidence when the limit was there.
 */
import type { ArmedFault } from "../../targets/faults/armed.ts";
import { startWithinMemory } from "../../targets/faults/memory-limit.ts";
import { type Instance, TargetError } from "../../targets/target.ts";

const amplyBytes = 1024 * 1024 * 1024;
const squeezeEveryMs = 50;

/** With `limitBytes` the server has to start and serve within it; without, it is squeezed until the kernel ends it. */
export async function armLittleMemory(instance: Instance, limitBytes: number | undefined): Promise<ArmedFault> {
  await instance.stop();
  const { armed, readyAfterMs } = await startWithinMemory(instance, { bytes: limitBytes ?? amplyBytes });
  if (readyAfterMs === undefined) {
    const { summary } = await armed.release();
    throw new TargetError("TARGET_NOT_READY", `it did not get ready within the memory limit: ${summary}`);
  }
  if (limitBytes !== undefined) {
    return { ...armed, release: async () => ({ ...(await armed.release()), happened: true }) };
  }
  const squeezing = setInterval(() => armed.squeeze(), squeezeEveryMs);
  squeezing.unref();
  return {
    evidence: () => armed.evidence(),
    happenedWithin: (withinMs) => armed.happenedWithin(withinMs),
    release: async () => {
      clearInterval(squeezing);
      if (armed.evidence().happened) {
        await armed.happenedWithin(5000);
      }
      return armed.release();
    },
  };
}
