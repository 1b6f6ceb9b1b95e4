/** Damages or removes files of the store while the server is down. What a file is called is the server's matter, so a step may name several patterns. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { applyFileFault } from "../../targets/faults/apply-file-fault.ts";
import { type FileFaultKind, fileFaultKinds } from "../../targets/faults/file-fault.ts";
import { listFiles, stoppedStore } from "../../targets/faults/store-files.ts";
import type { Instance } from "../../targets/target.ts";
import type { Names } from "../runner/names.ts";
import { count, text } from "./fields.ts";
import { verb } from "./verb.ts";

export const fileFault = verb({
  name: "file-fault",
  about:
    "Ends the server with SIGKILL (or gracefully, `after: stop`), damages one file that fits a pattern, or removes every one (`delete-file`), and starts it again. `{S}` in a pattern is the stream of that name. Needs `store-files`.",
  fields: {
    do: z.enum(fileFaultKinds),
    /** Relative to the data folder; of several patterns each is hit. */
    files: z.union([text(), z.array(text()).min(1)]),
    seed: count().default(1),
    /** Byte, or new length of a truncated file; with `find`, counted from there. */
    offset: count().optional(),
    /** The place is where these bytes stand last, in whichever file has them: a message's own data, for one. */
    find: text().optional(),
    bit: z.int().min(0).max(7).optional(),
    after: z.enum(["kill", "stop"]).default("kill"),
    /** A server that keeps no such file has nothing to lose there: the end of its process is the fault then. */
    optional: z.boolean().default(false),
  },
  reply: "`happened`, `summary`, `details: { offset, before, after, … }`",
  run: (step, { session, names }) =>
    session.fault("file-fault", async (instance) => {
      const end = await (step.after === "stop" ? instance.stop() : instance.kill());
      const patterns = [step.files].flat().map((pattern) => ofCase(pattern, names));
      const open = step.offset === undefined ? {} : { offset: Number(step.offset) };
      const damage = [];
      for (const place of patterns.flatMap((pattern) => placesOf(instance, pattern, step))) {
        const bit = step.bit === undefined ? {} : { bit: step.bit };
        damage.push(await applyFileFault(instance, { kind: step.do, seed: Number(step.seed), ...open, ...place, ...bit }));
      }
      return evidenceOf({ end, damage, patterns, optional: step.optional });
    }),
});

/** Streams carry the case's prefix on the disk, too. */
function ofCase(pattern: string, names: Names): string {
  return pattern.replaceAll(/\{(\w+)\}/g, (_, stream: string) => names.stream(stream));
}

interface Place {
  readonly files: string;
  readonly offset?: number;
}

interface Wanted {
  readonly do: FileFaultKind;
  readonly find?: string | undefined;
  readonly offset?: number | string | undefined;
}

function placesOf(instance: Instance, pattern: string, wanted: Wanted): Place[] {
  if (wanted.do !== "delete-file" && wanted.find === undefined) {
    return [{ files: pattern }];
  }
  const folder = stoppedStore(instance);
  const paths = listFiles(folder, pattern).map(({ path }) => path);
  const { find } = wanted;
  if (find === undefined) {
    return paths.map((files) => ({ files }));
  }
  return paths.flatMap((files) => {
    const at = readFileSync(join(folder, files)).lastIndexOf(find);
    return at < 0 ? [] : [{ files, offset: at + Number(wanted.offset ?? 0) }];
  });
}

interface Parts {
  readonly end: FaultEvidence;
  readonly damage: readonly FaultEvidence[];
  readonly patterns: readonly string[];
  readonly optional: boolean;
}

function evidenceOf({ end, damage, patterns, optional }: Parts): FaultEvidence {
  const done = damage.filter((each) => each.happened);
  const [first] = done;
  if (first !== undefined) {
    return { ...first, summary: done.map(({ summary }) => summary).join("; ") };
  }
  const summary = `no file fits ${patterns.join(", ")}; ${end.summary}`;
  return { happened: optional && end.happened, summary, details: end.details };
}
