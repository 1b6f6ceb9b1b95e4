/** What a case says of the known bug that it finds; see `suites/ledger/`. */
import { z } from "zod";
import { strict } from "./validation.ts";

const version = z.string().regex(/^\d+\.\d+\.\d+$/, "a version in full such as 2.12.1");

export const bugFields = strict({
  /** Public issues and pull requests of the official server. */
  threads: z.array(z.int().positive()).default([]),
  /** The commit that mended it, where no thread speaks of it. */
  commit: z
    .string()
    .regex(/^[0-9a-f]{9,40}$/, "a commit of at least nine digits")
    .optional(),
  /** A version that fails the case. */
  affected: version,
  /** A version that passes it; "none" while the bug is open. */
  fixed: z.union([version, z.literal("none")]),
});

export type BugFields = z.infer<typeof bugFields>;
