/** `npm run ledger`: runs the rows of the ledger of known bugs, keeps what came of them in `recorded.json` and writes `docs/bugs.md` anew. */
import { renameSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { disposeAll } from "../../targets/live.ts";
import { loadCatalog } from "../catalog/catalog.ts";
import { writeGenerated } from "../catalog/generated.ts";
import { matchesPattern } from "../catalog/pattern.ts";
import { gaps, ledgerRows, type Recorded, readRecorded, recordedPath } from "./ledger.ts";
import { runLedger } from "./run.ts";

const { values } = parseArgs({
  options: {
    /** Case names with `*` and `**`. */
    only: { type: "string", default: "**" },
    /** Leaves out what is recorded already for the case as it stands. */
    resume: { type: "boolean", default: false },
  },
});

const catalog = loadCatalog();
const path = recordedPath(catalog);
const all = ledgerRows(catalog);
const rows = all.filter(({ each }) => matchesPattern(each.name, values.only));
const recorded = withoutStrangers(readRecorded(path));
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
}

try {
  await runLedger({
    catalog,
    rows,
    recorded,
    resume: values.resume,
    signal: stop.signal,
    date: new Date().toISOString().slice(0, 10),
    onTarget: (target, count) => say(`${target}: ${count} rows`),
    onRun: (row, side, run) => {
      say(`  ${run.outcome.padEnd(6)} ${row.each.name} (${side})${run.message === undefined ? "" : `: ${run.message}`}`);
      recorded[row.each.name] = { ...recorded[row.each.name], [side]: run };
      save();
    },
  });
} catch (error) {
  if (!stop.signal.aborted) {
    throw error;
  }
} finally {
  await disposeAll();
}
writeGenerated(catalog);
const lacking = rows.flatMap((row) => gaps(row, recorded).map((gap) => `${row.each.name}: ${gap}`));
say(lacking.length === 0 ? `${rows.length} rows, all shown` : ["Not shown:", ...lacking].join("\n  "));
process.exitCode = lacking.length === 0 ? 0 : 1;

/** Rows that no case has any more go. */
function withoutStrangers(found: Recorded): Recorded {
  const names = new Set(all.map(({ each }) => each.name));
  return Object.fromEntries(Object.entries(found).filter(([name]) => names.has(name)));
}

/** Each run at once and whole: a ledger that is stopped goes on where it was. */
function save(): void {
  const sorted = Object.fromEntries(Object.entries(recorded).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(`${path}.new`, `${JSON.stringify(sorted, undefined, 2)}\n`);
  renameSync(`${path}.new`, path);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
