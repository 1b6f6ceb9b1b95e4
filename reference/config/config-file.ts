/** A configuration file from the disk, and the digest by which the official server names its contents. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseConf } from "./conf-parser.ts";
import type { ConfMap, ConfValue } from "./conf-value.ts";

export interface ConfigFile {
  readonly map: ConfMap;
  /** `sha256:<hex>` over Go's JSON form of the parsed file. */
  readonly digest: string;
}

export function loadConfigFile(file: string, environment: Readonly<Record<string, string | undefined>>): ConfigFile {
  const map = parseConf(readFileSync(file, "utf8"), file, {
    read: (name) => readFileSync(name, "utf8"),
    resolve: (from, name) => join(dirname(from), name),
    environment: (name) => environment[name],
  });
  const digest = createHash("sha256")
    .update(`${goJson(map)}\n`, "utf8")
    .digest("hex");
  return { map, digest: `sha256:${digest}` };
}

/** Keys sorted, and `<`, `>`, `&` escaped. */
function goJson(value: ConfValue): string {
  switch (value.kind) {
    case "map": {
      const entries = [...value.value.values()].toSorted((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
      return `{${entries.map((entry) => `${goText(entry.key)}:${goJson(entry.value)}`).join(",")}}`;
    }
    case "array":
      return `[${value.value.map((each) => goJson(each)).join(",")}]`;
    case "string":
    case "date":
      return goText(value.value);
    default:
      return String(value.value);
  }
}

function goText(text: string): string {
  return JSON.stringify(text).replaceAll(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
