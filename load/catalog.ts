/** The load profiles that ship with the tool, read from `profiles/` beside this file. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { LoadError } from "./load-error.ts";
import { nearest } from "./schema/nearest.ts";
import type { LoadProfile } from "./schema/profile.ts";
import { parseProfile } from "./schema/read-profile.ts";

const folder = new URL("./profiles/", import.meta.url);

export interface ProfileSummary {
  readonly name: string;
  readonly about: string;
  /** The model used by default. */
  readonly model: "open" | "closed";
}

export function listProfiles(): ProfileSummary[] {
  return profileNames().map((name) => {
    const { profile, about, model } = readProfile(name);
    return { name: profile, about, model };
  });
}

/** A shipped profile by its name, or a file of the caller's when the name ends in `.yaml`. */
export function readProfile(name: string): LoadProfile {
  if (/\.ya?ml$/.test(name)) {
    return parseProfile(readText(name), name);
  }
  const names = profileNames();
  if (!names.includes(name)) {
    const near = nearest(name, names);
    const hint = near === undefined ? `profiles: ${names.join(", ")}` : `did you mean "${near}"?`;
    throw new LoadError("LOAD_PROFILE_UNKNOWN", `there is no load profile "${name}"; ${hint}`);
  }
  const file = new URL(`${name}.yaml`, folder);
  return parseProfile(readFileSync(file, "utf8"), fileURLToPath(file));
}

function profileNames(): string[] {
  const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
  return files.map((file) => file.slice(0, -".yaml".length)).sort((a, b) => a.localeCompare(b));
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new LoadError("LOAD_PROFILE_UNKNOWN", `the profile file ${file} can't be read`, { cause });
  }
}
