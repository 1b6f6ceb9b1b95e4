/** The profile file (`suites/profiles/*.yaml`): a named set of requirements, what a certificate is about. */
import { z } from "zod";
import { strict } from "./validation.ts";

export const profileFile = strict({
  profile: z.string().regex(/^[a-z0-9]+([.-][a-z0-9]+)*$/, "a name such as core-2.15"),
  about: z.string(),
  /** Patterns of requirement ids; `*` stands for anything but a dot, `**` for anything. */
  include: z.array(z.string()).min(1),
  exclude: z.array(z.string()).default([]),
});

export type Profile = z.output<typeof profileFile>;
