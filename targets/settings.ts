/**
 * `--set key=value`: the settings that change verdicts. A key is either declared in the target file, or a dotted path into the structured
 * configuration (`jetstream.max_outstanding_catchup=64`); anything else is refused, so that a typo never runs with the default.
 */
import { nearest } from "./nearest.ts";
import { parseDurationMs, parseSizeBytes } from "./quantities.ts";
import { TargetError } from "./target.ts";
import type { Setting, TargetFile } from "./target-file.ts";

export type Settings = Readonly<Record<string, string>>;

/** Throws `TARGET_SETTING_UNKNOWN` for a key or value that the target does not have. */
export function checkSettings(file: TargetFile, settings: Settings): void {
  for (const [key, value] of Object.entries(settings)) {
    const declared = file.settings[key];
    if (declared !== undefined) {
      valueOf({ file, key, declared, value });
    } else if (!isFreePath(file, key)) {
      throw unknownSetting(file, key);
    }
  }
}

/** What is in force: the defaults that the file tells of, and what was set. */
export function settingsInForce(file: TargetFile, settings: Settings): Settings {
  const defaults = Object.entries(file.settings).flatMap(([key, { default: value }]) =>
    value === undefined ? [] : [[key, value] as const],
  );
  return { ...Object.fromEntries(defaults), ...settings };
}

/** The structured configuration with every setting at its path. Defaults are not written: the server's own stay its own. */
export function applySettings(file: TargetFile, content: Readonly<Record<string, unknown>>, settings: Settings): Record<string, unknown> {
  const result: Record<string, unknown> = { ...content };
  for (const [key, value] of Object.entries(settings)) {
    const declared = file.settings[key];
    const path = declared === undefined ? key : declared.path;
    if (path !== undefined) {
      putAt(result, path, declared === undefined ? freeValue(value) : valueOf({ file, key, declared, value }));
    }
  }
  return result;
}

function isFreePath(file: TargetFile, key: string): boolean {
  return file.config?.content !== undefined && /^[\w-]+(\.[\w-]+)+$/.test(key);
}

function unknownSetting(file: TargetFile, key: string): TargetError {
  const known = Object.keys(file.settings);
  const near = nearest(key, known);
  const hint = near === undefined ? `it has ${known.length === 0 ? "none" : known.join(", ")}` : `did you mean "${near}"?`;
  const path =
    file.config?.content === undefined ? "" : " A key of its configuration is set by its dotted path, such as jetstream.domain=hub.";
  return new TargetError("TARGET_SETTING_UNKNOWN", `target "${file.target}" has no setting "${key}"; ${hint}${path}`);
}

interface SettingValue {
  readonly file: TargetFile;
  readonly key: string;
  readonly declared: Setting;
  readonly value: string;
}

function valueOf({ file, key, declared, value }: SettingValue): string | number | boolean {
  const typed = declared.words.includes(value) ? value : readers[declared.type](value);
  if (typed === undefined) {
    const words = declared.words.length === 0 ? "" : ` or one of ${declared.words.join(", ")}`;
    throw new TargetError(
      "TARGET_SETTING_UNKNOWN",
      `target "${file.target}": ${key}=${value} is not ${withArticle(declared.type)}${words}`,
    );
  }
  return typed;
}

const readers: Readonly<Record<Setting["type"], (value: string) => string | number | boolean | undefined>> = {
  text: (value) => value,
  duration: (value) => (parseDurationMs(value) === undefined ? undefined : value),
  size: parseSizeBytes,
  integer: (value) => (/^-?\d+$/.test(value) ? Number(value) : undefined),
  boolean: (value) => (value === "true" || value === "false" ? value === "true" : undefined),
};

function withArticle(type: Setting["type"]): string {
  return type === "integer" ? "an integer" : `a ${type}`;
}

/** Numbers and truth values keep their kind; everything else is text. */
function freeValue(value: string): string | number | boolean {
  if (/^-?\d+$/.test(value)) {
    return Number(value);
  }
  return value === "true" || value === "false" ? value === "true" : value;
}

function putAt(map: Record<string, unknown>, path: string, value: string | number | boolean): void {
  const [key = path, ...rest] = path.split(".");
  if (rest.length === 0) {
    map[key] = value;
    return;
  }
  const inner = map[key];
  const next: Record<string, unknown> = typeof inner === "object" && inner !== null && !Array.isArray(inner) ? { ...inner } : {};
  map[key] = next;
  putAt(next, rest.join("."), value);
}
