/** `suites/features.yaml`: the rows that requirements point to. A row `in` scope has at least one requirement; `later` says why it has none yet. */
import { z } from "zod";
import { strict } from "./validation.ts";

export const featureFile = strict({
  features: z.array(
    strict({
      row: z.int().positive(),
      feature: z.string(),
      area: z.string(),
      scope: z.enum(["in", "later"]),
    }),
  ),
});

export type Feature = z.output<typeof featureFile>["features"][number];
