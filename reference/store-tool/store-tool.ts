/** The store tool without its process: words, a disk and two outputs in, an exit code out. */
import type { Clock, Disk, Random } from "../ports.ts";
import { dumpStore } from "../store/store-dump.ts";
import { StoreError } from "../store/store-error.ts";
import { type Inspection, inspectStore } from "../store/store-inspection.ts";
import { salvageStore } from "../store/store-salvage.ts";
import { readArguments, type StoreRequest, USAGE } from "./arguments.ts";
import { dumpJson, dumpLine, salvageText, verifyReport, verifyText } from "./report-text.ts";

export interface ToolSurroundings {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** A line that replaces the last one; absent where nobody looks. */
  readonly progress?: (line: string) => void;
  /** Paths are given as the user types them. */
  readonly absolute: (path: string) => string;
}

export const toolExit = { sound: 0, damaged: 1, usage: 2, unreadable: 3 } as const;
export type ToolExit = (typeof toolExit)[keyof typeof toolExit];

export async function runStoreTool(words: readonly string[], surroundings: ToolSurroundings): Promise<ToolExit> {
  const request = readArguments(words);
  if (typeof request === "string") {
    surroundings.err(`streamproof store: ${request}\n\n${USAGE}`);
    return toolExit.usage;
  }
  if (request.verb === "help") {
    surroundings.out(USAGE);
    return toolExit.sound;
  }
  try {
    return await work(request, surroundings);
  } catch (error) {
    if (!(error instanceof StoreError)) {
      throw error;
    }
    if (request.json) {
      surroundings.out(
        `${JSON.stringify({ store: request.directory, verdict: "refused", code: error.code, error: error.message }, null, 2)}\n`,
      );
    } else {
      surroundings.err(`streamproof store: ${error.message}\n`);
    }
    return toolExit.unreadable;
  }
}

async function work(request: Exclude<StoreRequest, { verb: "help" }>, surroundings: ToolSurroundings): Promise<ToolExit> {
  const { disk, clock, random, progress } = surroundings;
  const directory = surroundings.absolute(request.directory);
  const inspection = await inspectStore({
    directory,
    disk,
    clock,
    random,
    reading: ({ at, of }) => progress?.(`reading segment ${at} of ${of}`),
  });
  try {
    progress?.("");
    if (request.verb === "verify") {
      surroundings.out(request.json ? `${JSON.stringify(verifyReport(inspection), null, 2)}\n` : verifyText(inspection));
      return inspection.damage.length === 0 ? toolExit.sound : toolExit.damaged;
    }
    return request.verb === "dump" ? dump(request, inspection, surroundings) : await salvage(request, inspection, surroundings);
  } finally {
    inspection.release();
  }
}

function dump(request: Extract<StoreRequest, { verb: "dump" }>, inspection: Inspection, { out, err }: ToolSurroundings): ToolExit {
  const known = inspection.streams.some(({ definition }) => definition.name === request.stream);
  if (request.stream !== undefined && !known) {
    err(`streamproof store: there is no stream "${request.stream}" in ${inspection.directory}\n`);
    return toolExit.usage;
  }
  dumpStore(inspection, request, (item) => out(request.json ? dumpJson(item) : dumpLine(item)));
  for (const damage of inspection.damage) {
    const item = { type: "damage", ...damage };
    if (request.json) {
      out(`${JSON.stringify(item)}\n`);
    }
  }
  if (inspection.damage.length > 0) {
    err(`streamproof store: damaged in ${inspection.damage.length} places; \`streamproof store verify\` names them\n`);
  }
  return inspection.damage.length === 0 ? toolExit.sound : toolExit.damaged;
}

/** Damage that cost nothing leaves a salvage whole. */
async function salvage(
  request: Extract<StoreRequest, { verb: "salvage" }>,
  inspection: Inspection,
  surroundings: ToolSurroundings,
): Promise<ToolExit> {
  const { disk, clock, random, progress } = surroundings;
  const { damage } = inspection;
  const report = await salvageStore(inspection, {
    out: surroundings.absolute(request.out),
    disk,
    clock,
    random,
    copying: ({ at, of }) => progress?.(`copying segment ${at} of ${of}`),
  });
  progress?.("");
  const isWhole = damage.every(({ recovery }) => recovery === "heals");
  surroundings.out(
    request.json
      ? `${JSON.stringify({ ...report, verdict: isWhole ? "whole" : "partial", damage }, null, 2)}\n`
      : salvageText(report, damage, request.out),
  );
  return isWhole ? toolExit.sound : toolExit.damaged;
}
