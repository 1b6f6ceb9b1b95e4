/**
 * One map of a configuration, read key by key. Each reader takes the synonyms of a setting, checks its type and ticks it off; `finish`
 * refuses what nobody asked for. A setting of the official server that we lack is refused by name: ignoring it could cost data.
 */

import { type ConfEntry, type ConfMap, type ConfValue, kindName } from "./conf-value.ts";
import { ConfigError, type ConfigPlace } from "./config-error.ts";
import { durationMs } from "./go-duration.ts";

export class ConfSection {
  readonly #map: ConfMap;
  readonly #warnings: string[];
  readonly #known = new Set<string>();
  readonly #unsupported = new Set<string>();

  constructor(map: ConfMap, warnings: string[]) {
    this.#map = map;
    this.#warnings = warnings;
  }

  get place(): ConfigPlace {
    return this.#map.place;
  }

  entry(...names: string[]): ConfEntry | undefined {
    const found = names.filter((name) => {
      this.#known.add(name);
      return this.#map.value.has(name);
    });
    if (found.length > 1) {
      const second = this.#map.value.get(found[1]!)!;
      throw new ConfigError(`"${second.key}" means the same as "${found[0]}", which is set too`, second.place);
    }
    return found[0] === undefined ? undefined : this.#map.value.get(found[0]);
  }

  string(...names: string[]): string | undefined {
    const entry = this.entry(...names);
    if (entry === undefined) {
      return undefined;
    }
    // The official server takes a bare word that looks like a number for a name as well.
    return entry.value.kind === "integer" ? String(entry.value.value) : this.#typed(entry, "string").value;
  }

  boolean(...names: string[]): boolean | undefined {
    const entry = this.entry(...names);
    return entry === undefined ? undefined : this.#typed(entry, "boolean").value;
  }

  integer(bounds: { readonly min: number; readonly max?: number }, ...names: string[]): number | undefined {
    const entry = this.entry(...names);
    return entry === undefined ? undefined : this.#bounded(entry, this.#typed(entry, "integer").value, bounds);
  }

  /** Bytes: an integer, or a quoted one with K, M, G or T in powers of 1024. */
  size(bounds: { readonly min: number }, ...names: string[]): number | undefined {
    const entry = this.entry(...names);
    if (entry === undefined) {
      return undefined;
    }
    if (entry.value.kind !== "string") {
      return this.#bounded(entry, this.#typed(entry, "integer").value, bounds);
    }
    const match = /^(-?\d+)([KMGT]?)$/i.exec(entry.value.value.trim());
    if (match === null) {
      throw new ConfigError(`"${entry.key}" is a size such as 1GB, or "1G" in quotes; found "${entry.value.value}"`, entry.value.place);
    }
    return this.#bounded(entry, Number(match[1]) * 1024 ** " KMGT".indexOf(match[2]!.toUpperCase() || " "), bounds);
  }

  /** Milliseconds. A bare integer means seconds and earns a warning, as on the official server. */
  duration(...names: string[]): number | undefined {
    const entry = this.entry(...names);
    return entry === undefined ? undefined : this.durationOf(entry);
  }

  durationOf(entry: ConfEntry): number {
    const { value } = entry;
    if (value.kind === "integer" || value.kind === "float") {
      this.warn(entry, `${entry.key} should be converted to a duration`);
      return this.#bounded(entry, value.value * 1000, { min: 0 });
    }
    const ms = value.kind === "string" ? durationMs(value.value) : undefined;
    if (ms === undefined || ms < 0) {
      throw new ConfigError(`"${entry.key}" is a duration such as "2m" or "300ms"; found ${described(value)}`, value.place);
    }
    return ms;
  }

  /** A map that was found by `entry`, as a section of its own. */
  inside(map: ConfMap): ConfSection {
    return new ConfSection(map, this.#warnings);
  }

  section(...names: string[]): ConfSection | undefined {
    const entry = this.entry(...names);
    return entry === undefined ? undefined : new ConfSection(this.#typed(entry, "map"), this.#warnings);
  }

  sections(...names: string[]): readonly ConfSection[] | undefined {
    const entry = this.entry(...names);
    if (entry === undefined) {
      return undefined;
    }
    return this.#typed(entry, "array").value.map((value) => {
      if (value.kind !== "map") {
        throw new ConfigError(`"${entry.key}" is an array of maps; found ${described(value)}`, value.place);
      }
      return new ConfSection(value, this.#warnings);
    });
  }

  warn(entry: ConfEntry, text: string): void {
    const { file, line, column } = entry.place;
    this.#warnings.push(`${file}:${line}:${column}: invalid use of field "${entry.key}": ${text}`);
  }

  wrong(entry: ConfEntry, expected: string): never {
    throw new ConfigError(`"${entry.key}" is ${expected}; found ${described(entry.value)}`, entry.value.place);
  }

  /** Settings of the official server that this one doesn't have yet. */
  unsupported(...names: string[]): void {
    for (const name of names) {
      this.#unsupported.add(name);
    }
  }

  finish(): void {
    for (const [name, entry] of this.#map.value) {
      if (this.#unsupported.has(name)) {
        throw new ConfigError(`"${entry.key}" is not supported by this server yet`, entry.place);
      }
      if (!this.#known.has(name) && !entry.isVariable) {
        throw new ConfigError(`unknown field "${entry.key}"${this.#suggestion(name)}`, entry.place);
      }
    }
  }

  #suggestion(name: string): string {
    const near = [...this.#known, ...this.#unsupported].find((known) => isNear(known, name));
    return near === undefined ? "" : `; did you mean "${near}"?`;
  }

  #typed<Kind extends ConfValue["kind"]>(entry: ConfEntry, kind: Kind): Extract<ConfValue, { kind: Kind }> {
    if (!isKind(entry.value, kind)) {
      throw new ConfigError(`"${entry.key}" is ${nameOfKind(kind)}; found ${described(entry.value)}`, entry.value.place);
    }
    return entry.value;
  }

  #bounded(entry: ConfEntry, value: number, { min, max }: { readonly min: number; readonly max?: number }): number {
    if (value < min || (max !== undefined && value > max)) {
      const range = max === undefined ? `at least ${min}` : `between ${min} and ${max}`;
      throw new ConfigError(`"${entry.key}" is ${range}; found ${value}`, entry.value.place);
    }
    return value;
  }
}

function isKind<Kind extends ConfValue["kind"]>(value: ConfValue, kind: Kind): value is Extract<ConfValue, { kind: Kind }> {
  return value.kind === kind;
}

function nameOfKind(kind: ConfValue["kind"]): string {
  return kind === "integer" || kind === "array" ? `an ${kind}` : `a ${kind}`;
}

function described(value: ConfValue): string {
  return value.kind === "map" || value.kind === "array" ? kindName(value) : `${kindName(value)}, ${JSON.stringify(value.value)}`;
}

/** One letter added, missing or changed, or the dashes taken for underscores. */
function isNear(known: string, name: string): boolean {
  const a = known.replaceAll("_", "");
  const b = name.replaceAll(/[-_]/g, "");
  if (a === b) {
    return true;
  }
  let start = 0;
  while (start < Math.min(a.length, b.length) && a[start] === b[start]) {
    start++;
  }
  const rests = [
    [1, 0],
    [0, 1],
    [1, 1],
  ] as const;
  return a.length > 3 && rests.some(([skipA, skipB]) => a.slice(start + skipA) === b.slice(start + skipB));
}
