/** Ends a fault that lasts. */
import { z } from "zod";
import { duration, milliseconds } from "./fields.ts";
import { verb } from "./verb.ts";

export const release = verb({
  name: "release",
  about:
    "Waits up to `within` for a fault that lasts to happen, and undoes it. A server that it brought down is started again; one that `kill-at` did not meet is killed.",
  fields: {
    fault: z.enum(["io-error", "kill-at", "read-only", "file-limit", "memory-limit"]),
    within: duration().default("2s"),
    /** A server that makes no such call is not hurt by it. */
    optional: z.boolean().default(false),
  },
  reply: "`happened`, `summary`",
  run: async ({ fault, within, optional }, { session }) => {
    if (fault === "read-only") {
      await session.instance.kill();
    }
    return session.release(fault, { withinMs: milliseconds(within), orKill: fault === "kill-at", optional });
  },
});
