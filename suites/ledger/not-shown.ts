/** Known bugs that could not be shown on one server from outside, with what was tried (`suites/ledger/not-shown.yaml`). */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { strict } from "../catalog/validation.ts";

const notShownFile = z.array(
  strict({
    threads: z.array(z.int().positive()).min(1),
    /** What must hold. */
    holds: z.string(),
    /** Versions and steps, and what came of them; or what it would take. */
    tried: z.string(),
  }),
);

export type NotShown = z.infer<typeof notShownFile>[number];

export function readNotShown(directory: string): NotShown[] {
  return notShownFile.parse(parse(readFileSync(join(directory, "ledger/not-shown.yaml"), "utf8")));
}
