/**
 * The target file: how a server is started, what it claims, and which settings change verdicts. The shape is this schema; `docs/targets.md`
 * explains it to people who write one for their own server.
 *
 * Placeholders in `command`, `environment` and `config`: {executable} {node} {here} {config} {data} {folder} {host} {port} {name} and
 * {set.KEY} for a declared setting. An unknown one is refused here, not at the start of a run.
 */
import { readdirSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { z } from "zod";
import { featureProblem } from "./features.ts";
import { readPlacedYaml } from "./placed-yaml.ts";
import { parseDurationMs, parseSizeBytes } from "./quantities.ts";
import { isVersion } from "./versions.ts";

/** A map that refuses unknown keys; its message carries the known ones, for "did you mean". */
function strictMap<S extends z.core.$ZodLooseShape>(shape: S) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? `unknown key|${Object.keys(shape).join(",")}` : "a map belongs here"),
  });
}

const text = z.string({ error: "text belongs here (quote it if it looks like a number)" }).min(1, "it must not be empty");
const slug = text.regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and dashes belong here");
const version = text.refine(isVersion, "a version such as 2.15.2 belongs here");
const flag = z.boolean({ error: "true or false belongs here" });
const duration = text.refine((value) => parseDurationMs(value) !== undefined, "a duration such as 500ms, 10s or 2m belongs here");
const size = text.refine((value) => parseSizeBytes(value) !== undefined, "a size such as 256MB belongs here");

const settingTypes = ["text", "duration", "size", "integer", "boolean"] as const;

/** `path` is where it goes in `config.content`; a setting without one is used by its placeholder. */
const setting = strictMap({
  about: text,
  path: text.optional(),
  type: z.enum(settingTypes, { error: `one of ${settingTypes.join(", ")} belongs here` }).default("text"),
  /** Words allowed besides values of the type, such as `always`. */
  words: z.array(text, { error: "a list of words belongs here" }).default([]),
  /** What the server does when nothing is set. It is shown in reports and not written into the configuration. */
  default: text.optional(),
});
export type Setting = z.infer<typeof setting>;

/** The entry with the highest `from` not above the server's version counts; one without `from` counts for every version. */
const claim = strictMap({
  from: version.optional(),
  apiLevel: z.int({ error: "a whole number belongs here" }).min(0).optional(),
  features: z.array(slug, { error: "a list of feature names belongs here" }).default([]),
});

const schema = strictMap({
  target: slug,
  about: text,
  executable: strictMap({
    /** Looked for on PATH, and the file name in the tool's cache. */
    name: text,
    /** What `NAME` without `@VERSION` gets when there is none on PATH. */
    version: version.optional(),
    /** Arguments that make it print its version. */
    versionArguments: z.array(text).default(["-v"]),
    /** Go module path for `go install MODULE@vVERSION`. */
    goModule: text.optional(),
    /** Python package that carries the executable, in the same versions. */
    pythonPackage: text.optional(),
  }).optional(),
  command: z
    .array(text, { error: "a list of words belongs here: the executable and its arguments" })
    .min(1, "name at least the executable"),
  environment: z.record(z.string(), z.string({ error: "text belongs here" }), { error: "a map of text belongs here" }).default({}),
  /** Either `content` (written as JSON, settings put at their paths) or `template` (text with placeholders). */
  config: strictMap({
    file: text,
    content: z.record(z.string(), z.unknown(), { error: "a map belongs here" }).optional(),
    template: text.optional(),
  }).optional(),
  ready: strictMap({
    within: duration.default("10s"),
    /** false for a server without JetStream's account information request. */
    jetstream: flag.default(true),
  }).prefault({}),
  stop: strictMap({
    signal: z.enum(["SIGTERM", "SIGINT", "SIGQUIT"], { error: "SIGTERM, SIGINT or SIGQUIT belongs here" }).default("SIGTERM"),
    within: duration.default("10s"),
  }).prefault({}),
  /** Room of the image under a server that is to be power-cut. */
  volume: strictMap({ size: size.default("256MB") }).prefault({}),
  claims: z.array(claim, { error: "a list of claims belongs here" }).default([]),
  settings: z.record(slugOrName(), setting, { error: "a map of settings belongs here" }).default({}),
});
export type TargetFileContent = z.infer<typeof schema>;

function slugOrName() {
  return z.string().regex(/^[a-z][a-z0-9_-]*$/, "a setting's name is lower-case letters, digits, dashes and underscores");
}

export interface TargetFile extends TargetFileContent {
  readonly file: string;
  /** Folder of the file; relative executables in `command` start with {here}. */
  readonly here: string;
}

const placeholders = new Set(["executable", "node", "here", "config", "data", "folder", "host", "port", "name", "reference"]);
const placeholderPattern = /\{([a-z][\w.-]*)\}/g;

export function readTargetFile(file: string): TargetFile {
  const yaml = readPlacedYaml(file, schema);
  const content = yaml.value;
  if (content.config !== undefined && (content.config.content === undefined) === (content.config.template === undefined)) {
    yaml.refuse(["config"], 'a configuration has either "content" (a map, written as JSON) or "template" (text)');
  }
  for (const [index, { features }] of content.claims.entries()) {
    for (const [position, feature] of features.entries()) {
      const says = featureProblem(feature);
      if (says !== undefined) {
        yaml.refuse(["claims", index, "features", position], says);
      }
    }
  }
  for (const { path, text: words } of textsOf(content)) {
    for (const [, name = ""] of words.matchAll(placeholderPattern)) {
      const says = placeholderProblem(name, content);
      if (says !== undefined) {
        yaml.refuse(path, says);
      }
    }
  }
  for (const [name, each] of Object.entries(content.settings)) {
    if (each.path !== undefined && content.config?.content === undefined) {
      yaml.refuse(["settings", name, "path"], 'a setting with a path needs "config.content" to put it into');
    }
  }
  return { ...content, file, here: dirname(resolve(file)) };
}

function placeholderProblem(name: string, content: TargetFileContent): string | undefined {
  if (placeholders.has(name)) {
    return name === "executable" && content.executable === undefined
      ? '{executable} needs an "executable" section that says how it is found'
      : undefined;
  }
  const key = name.startsWith("set.") ? name.slice(4) : undefined;
  const declared = key === undefined ? undefined : content.settings[key];
  if (declared === undefined) {
    return `unknown placeholder {${name}}; known: ${[...placeholders, "set.KEY"].map((each) => `{${each}}`).join(" ")}`;
  }
  return declared.default === undefined ? `{${name}} needs a default for the setting "${key}"` : undefined;
}

interface PlacedText {
  readonly path: readonly PropertyKey[];
  readonly text: string;
}

function* textsOf(content: TargetFileContent): Generator<PlacedText> {
  yield* textsIn(content.command, ["command"]);
  yield* textsIn(content.environment, ["environment"]);
  yield* textsIn(content.config?.content, ["config", "content"]);
  yield* textsIn(content.config?.template, ["config", "template"]);
}

function* textsIn(value: unknown, path: readonly PropertyKey[]): Generator<PlacedText> {
  if (typeof value === "string") {
    yield { path, text: value };
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      yield* textsIn(each, [...path, Array.isArray(value) ? Number(key) : key]);
    }
  }
}

/** Replaces every placeholder; all were checked when the file was read. */
export function fillPlaceholders(words: string, values: Readonly<Record<string, string>>): string {
  return words.replaceAll(placeholderPattern, (whole, name: string) => values[name] ?? whole);
}

/** The target files that come with the tool: name → file. */
export function builtInTargetFiles(): ReadonlyMap<string, string> {
  for (const folder of [import.meta.dirname, join(import.meta.dirname, "../../targets")]) {
    const files = readdirIfThere(folder).filter((name) => name.endsWith(".yaml") && !name.endsWith(".known-failing.yaml"));
    if (files.length > 0) {
      return new Map(files.sort().map((name) => [name.slice(0, -".yaml".length), join(folder, name)]));
    }
  }
  return new Map();
}

function readdirIfThere(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
