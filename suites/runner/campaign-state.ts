/**
 * What a campaign has come to so far, in a file that a later run goes on from: one JSON object a line, appended and synced after each cycle. A line that the
 * end of the tool tore is the last one and is forgotten; its cycle runs again.
 */
import { closeSync, fdatasyncSync, mkdirSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Control } from "./campaign-control.ts";
import type { CycleRecord } from "./campaign-cycle.ts";

/** What must not change between the runs of one campaign. */
export interface CampaignIdentity {
  readonly campaign: string;
  /** The campaign's file as text: another plan would make other cycles of the same numbers. */
  readonly plan: string;
  readonly target: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly seed: number;
  /** As the server gives it. */
  readonly version: string;
}

type Line =
  | { readonly type: "campaign"; readonly identity: CampaignIdentity }
  | { readonly type: "control"; readonly control: Control }
  | { readonly type: "cycle"; readonly elapsedMs: number; readonly record: CycleRecord };

/** The folder holds another campaign, or none: a mistake of the caller. */
export class CampaignChanged extends Error {
  override readonly name = "CampaignChanged";
  readonly code = "CAMPAIGN_CHANGED";
}

export class CampaignState {
  readonly path: string;
  /** Read from the file; those of this run are not added. */
  readonly cycles: readonly CycleRecord[];
  readonly control: Control | undefined;
  readonly elapsedMs: number;
  readonly #identity: CampaignIdentity | undefined;
  readonly #file: number;

  /** A new file in place of what stands there. */
  static begin(path: string): CampaignState {
    mkdirSync(dirname(path), { recursive: true });
    return new CampaignState(path, [], openSync(path, "w"));
  }

  /** Throws `CampaignChanged` when there is nothing to go on from. */
  static resume(path: string): CampaignState {
    let text: string;
    try {
      text = readFileSync(path, "utf8");
    } catch {
      throw new CampaignChanged(`there is no campaign to resume: ${path} can't be read; begin it without --resume`);
    }
    const { lines, length } = wholeLines(text);
    truncateSync(path, length);
    return new CampaignState(path, lines, openSync(path, "a"));
  }

  private constructor(path: string, lines: readonly Line[], file: number) {
    this.path = path;
    this.#file = file;
    this.#identity = lines.find((each) => each.type === "campaign")?.identity;
    this.control = lines.find((each) => each.type === "control")?.control;
    const cycles = lines.filter((each) => each.type === "cycle");
    this.cycles = cycles.map((each) => each.record);
    this.elapsedMs = cycles.at(-1)?.elapsedMs ?? 0;
  }

  /** Throws `CampaignChanged` naming what differs from the run before. */
  identify(identity: CampaignIdentity): void {
    if (this.#identity === undefined) {
      this.#append({ type: "campaign", identity });
      return;
    }
    for (const key of ["campaign", "target", "version", "seed", "settings", "plan"] as const) {
      const [before, now] = [JSON.stringify(this.#identity[key]), JSON.stringify(identity[key])];
      if (before !== now) {
        const says = key === "plan" ? "the campaign's file has changed" : `${key} was ${before} and is ${now}`;
        throw new CampaignChanged(`the campaign in ${this.path} can't be resumed: ${says}`);
      }
    }
  }

  keepControl(control: Control): void {
    this.#append({ type: "control", control });
  }

  keep(record: CycleRecord, elapsedMs: number): void {
    this.#append({ type: "cycle", elapsedMs, record });
  }

  close(): void {
    closeSync(this.#file);
  }

  #append(line: Line): void {
    const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length; ) {
      written += writeSync(this.#file, bytes, written);
    }
    fdatasyncSync(this.#file);
  }
}

function wholeLines(text: string): { lines: Line[]; length: number } {
  const lines: Line[] = [];
  let length = 0;
  for (const each of text.split("\n")) {
    const line = each === "" ? undefined : parseLine(each);
    if (line === undefined) {
      break;
    }
    lines.push(line);
    length += Buffer.byteLength(each) + 1;
  }
  return { lines, length: Math.min(length, Buffer.byteLength(text)) };
}

function parseLine(text: string): Line | undefined {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by this module; a line torn by a crash is no JSON
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
