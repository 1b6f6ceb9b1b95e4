/** From a target file to a command line: placeholders filled, settings applied, the configuration file's text made. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { applySettings, type Settings, settingsInForce } from "./settings.ts";
import { fillPlaceholders, type TargetFile } from "./target-file.ts";

export interface LaunchPlace {
  /** Working directory of the server; its configuration stands here. */
  readonly folder: string;
  readonly data: string;
  readonly host: string;
  readonly port: number;
  /** For INFO; stays the same through all lives. */
  readonly name: string;
}

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly config: { readonly file: string; readonly text: string } | undefined;
}

export function launchOf(file: TargetFile, executable: string | undefined, place: LaunchPlace, settings: Settings): Launch {
  const configFile = file.config === undefined ? undefined : join(place.folder, file.config.file);
  const values: Record<string, string> = {
    node: nodeExecutable(),
    reference: referenceMain(),
    here: file.here,
    folder: place.folder,
    data: place.data,
    host: place.host,
    port: String(place.port),
    name: place.name,
    ...(executable === undefined ? {} : { executable }),
    ...(configFile === undefined ? {} : { config: configFile }),
  };
  for (const [key, value] of Object.entries(settingsInForce(file, settings))) {
    values[`set.${key}`] = value;
  }
  const [command = "", ...args] = file.command.map((word) => fillPlaceholders(word, values));
  return {
    command,
    args,
    environment: Object.fromEntries(Object.entries(file.environment).map(([key, value]) => [key, fillPlaceholders(value, values)])),
    config: configFile === undefined ? undefined : { file: configFile, text: configText(file, values, settings) },
  };
}

function configText(file: TargetFile, values: Readonly<Record<string, string>>, settings: Settings): string {
  const { content, template = "" } = file.config ?? {};
  if (content === undefined) {
    return fillPlaceholders(template, values);
  }
  // Indented JSON: nats-server's language reads it, but misreads a number directly before a closing bracket.
  return `${JSON.stringify(applySettings(file, fillMap(content, values), settings), null, 2)}\n`;
}

function fillDeep(value: unknown, values: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") {
    return fillPlaceholders(value, values);
  }
  if (Array.isArray(value)) {
    return value.map((each) => fillDeep(each, values));
  }
  if (typeof value === "object" && value !== null) {
    return fillMap(value, values);
  }
  return value;
}

function fillMap(map: object, values: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(map).map(([key, each]) => [key, fillDeep(each, values)]));
}

/** A clone runs the TypeScript source, the built package its JavaScript: whichever this module itself is. */
export function referenceMain(): string {
  const extension = import.meta.filename.endsWith(".ts") ? "ts" : "js";
  return join(import.meta.dirname, `../reference/main.${extension}`);
}

/** The Node that runs this tool, or the project's own where the tool was started by one too old to run the source. */
export function nodeExecutable(): string {
  const major = Number(process.versions.node.split(".")[0]);
  const own = join(import.meta.dirname, "../node_modules/node/bin/node");
  return major < 24 && existsSync(own) ? own : process.execPath;
}
