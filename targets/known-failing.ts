/**
 * Lists of cases that a target is known to fail, each with its reason and a link. They stand beside the target file
 * (`x.yaml` → `x.known-failing.yaml`); no file means an empty list. Which entries match and which have become stale is for the runner to say.
 */
import { existsSync } from "node:fs";
import { z } from "zod";
import { readPlacedYaml } from "./placed-yaml.ts";
import type { Settings } from "./settings.ts";
import type { KnownFailing } from "./target.ts";
import { compareVersions, isVersion } from "./versions.ts";

const text = z.string({ error: "text belongs here" }).min(1, "it must not be empty");
const version = text.refine(isVersion, "a version such as 2.15.2 belongs here");
const keys = ["pattern", "reason", "link", "from", "before", "unless"];

const schema = z.array(
  z.strictObject(
    {
      pattern: text.regex(/^[\w.:*/-]+$/, "a case name with * and ** belongs here: suite/matrix/case"),
      reason: text,
      link: z.url({ error: "a link to a public page belongs here" }),
      /** Only servers from this version on. */
      from: version.optional(),
      /** Only servers before this version. */
      before: version.optional(),
      /** Not with these settings in force, e.g. `{ sync_interval: always }`: there the server does better. */
      unless: z.record(z.string(), text, { error: "a map of settings belongs here" }).optional(),
    },
    {
      error: (issue) =>
        issue.code === "unrecognized_keys" ? `unknown key|${keys.join(",")}` : "a map with pattern, reason and link belongs here",
    },
  ),
  { error: "a list belongs here" },
);

export function knownFailingFileOf(targetFile: string): string {
  return targetFile.replace(/\.ya?ml$/, "") + ".known-failing.yaml";
}

/** `serverVersion` undefined: entries for every version are kept. `settings` are those in force. */
export function readKnownFailing(file: string, serverVersion: string | undefined, settings: Settings = {}): KnownFailing[] {
  if (!existsSync(file)) {
    return [];
  }
  const yaml = readPlacedYaml(file, schema);
  const seen = new Map<string, string>();
  const entries: KnownFailing[] = [];
  for (const [index, entry] of yaml.value.entries()) {
    const key = `${entry.pattern} ${entry.from ?? ""} ${entry.before ?? ""}`;
    const earlier = seen.get(key);
    if (earlier !== undefined) {
      yaml.refuse([index, "pattern"], `"${entry.pattern}" stands already at ${earlier}; keep one`);
    }
    const place = yaml.placeOf([index]);
    seen.set(key, place);
    if (isFor(entry, serverVersion) && !isExcused(entry, settings)) {
      entries.push({ pattern: entry.pattern, reason: entry.reason, link: entry.link, place });
    }
  }
  return entries;
}

function isExcused({ unless }: { unless?: Settings | undefined }, settings: Settings): boolean {
  return unless !== undefined && Object.entries(unless).every(([key, value]) => settings[key] === value);
}

function isFor(entry: { from?: string | undefined; before?: string | undefined }, serverVersion: string | undefined): boolean {
  if (serverVersion === undefined) {
    return true;
  }
  const tooOld = entry.from !== undefined && compareVersions(serverVersion, entry.from) < 0;
  const tooNew = entry.before !== undefined && compareVersions(serverVersion, entry.before) >= 0;
  return !tooOld && !tooNew;
}
