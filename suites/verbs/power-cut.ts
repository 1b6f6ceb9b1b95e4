/** Cuts the power: of what was written and not synced, `keep` says what survives. Then a start on what is left. */
import { z } from "zod";
import { count } from "./fields.ts";
import { verb } from "./verb.ts";

export const powerCut = verb({
  name: "power-cut",
  about:
    "Cuts the power and starts the server again. Of what was not synced survives nothing, everything, or a seeded mix. Needs `power-cut`.",
  fields: { keep: z.enum(["nothing", "everything", "random"]).default("nothing"), seed: count().default(1) },
  reply: "`happened`, `summary`",
  run: (step, { session }) =>
    session.fault("power-cut", (instance) =>
      instance.powerCut(step.keep === "random" ? { keep: "random", seed: Number(step.seed) } : { keep: step.keep }),
    ),
});
