/** Kills the server and then again while it starts, so many times in a row, before it may start in peace. */
import { z } from "zod";
import { drawStartMoments, killDuringStarts, type StartMoment } from "../../targets/faults/kill-during-start.ts";
import { count, duration, milliseconds } from "./fields.ts";
import { verb } from "./verb.ts";

const groups = z.enum(["write", "sync", "read", "open", "truncate", "rename", "unlink", "mkdir"]);

export const startKills = verb({
  name: "start-kills",
  about:
    "Kills the server, then again during its start: `nested` times at seeded moments within `ready`, or at the calls that `at` lists. Then it starts in peace. Needs `kill`, and `system-calls` for `at`.",
  fields: {
    nested: count().default(1),
    seed: count().default(1),
    /** About as long as a start takes. */
    ready: duration().default("100ms"),
    at: z.array(z.strictObject({ calls: groups, at: z.int().positive() })).optional(),
  },
  reply: "`happened`, `summary`",
  run: (step, { session }) =>
    session.fault("start-kills", async (instance) => {
      const killed = await instance.kill();
      const drawn = drawStartMoments({ seed: Number(step.seed), nested: Number(step.nested), readyMs: milliseconds(step.ready) });
      const moments: readonly StartMoment[] = step.at ?? drawn;
      const evidence = [killed, ...(await killDuringStarts(instance, moments))];
      // A start quicker than its moment was killed all the same; the first kill is the fault.
      return { ...killed, summary: evidence.map(({ summary }) => summary).join("; ") };
    }),
});
