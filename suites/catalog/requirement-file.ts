/** The requirement file (`suites/requirements/*.yaml`): what must hold, in one sentence each, with its source. */
import { z } from "zod";
import { dottedSlug } from "./case-file.ts";
import { strict } from "./validation.ts";

const basis = z.union([
  /** A document that promises it: what it is called, and where. */
  strict({ document: z.string(), section: z.string(), url: z.url() }),
  /** What the official server of this version does, where no document says it. */
  strict({
    observed: z.string().regex(/^pinned server \d+\.\d+\.\d+$/, "pinned server and its version, such as pinned server 2.15.2"),
    url: z.url().optional(),
  }),
]);

export const requirementFields = strict({
  id: z.string().regex(dottedSlug, "an area and a slug such as dedup.duplicate-stores-nothing"),
  says: z.string(),
  level: z.enum(["must", "should", "may", "observed"]),
  basis,
  /** The API level that the feature needs. */
  api: z.int().nonnegative().default(0),
  since: z.string().regex(/^\d+\.\d+(\.\d+)?$/, "a server version such as 2.10"),
  /** Row of suites/features.yaml. */
  feature: z.int().positive(),
  /** A retired requirement keeps its id for ever, and needs no case. */
  retired: z.string().optional(),
});

export const requirementFile = strict({
  area: z.string(),
  about: z.string(),
  requirements: z.array(requirementFields).min(1),
});

export type Requirement = z.output<typeof requirementFields>;

/** What a report prints as the source. */
export function basisText({ basis }: Requirement): string {
  return "document" in basis ? `${basis.document}, ${basis.section}` : basis.observed;
}

export function basisUrl({ basis }: Requirement): string | undefined {
  return basis.url;
}
