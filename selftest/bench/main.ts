/**
 * `npm run bench`: measures the figures of docs/performance.md and prints them as a table. Not a test: it exits 0 whatever the figures are, 1
 * when one could not be taken, and 2 for what can't be asked.
 *
 * `--only TEXT` takes the figures whose names hold the text, `--quick` makes every run small, `--list` names the figures, `--write` puts the
 * table into the page.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeEnvironment } from "../../api/environment.ts";
import { disposeAll } from "../../targets/live.ts";
import { measurements, renderTable, takeFigures } from "./table.ts";

const page = fileURLToPath(new URL("../../docs/performance.md", import.meta.url));

const { values } = parseArgs({
  options: {
    official: { type: "string", default: "nats-server@2.15.2" },
    only: { type: "string", default: "" },
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    list: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
  },
});

process.exitCode = await bench();

async function bench(): Promise<number> {
  const { official, only, quick, write } = values;
  const names = measurements.flatMap((measurement) => measurement.names({ quick }));
  const asked = names.filter((name) => name.toLowerCase().includes(only.toLowerCase()));
  if (values.list) {
    process.stdout.write(`${asked.join("\n")}\n`);
    return 0;
  }
  const seed = Number(values.seed);
  const refusal = refusalOf({ asked, seed });
  if (refusal !== undefined) {
    process.stderr.write(`${refusal}\n`);
    return 2;
  }
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  try {
    const figures = await takeFigures(only, { official, quick, seed, signal: stop.signal, onLine });
    const table = renderTable(figures, describeEnvironment());
    process.stdout.write(`\n${table}\n`);
    if (write && !stop.signal.aborted) {
      writeTable(table);
    }
    return figures.some(({ met }) => met === "no figure") || stop.signal.aborted ? 1 : 0;
  } finally {
    await disposeAll();
  }
}

/** The page holds the whole table of full runs, or it would mix figures of several days and sizes. */
function refusalOf({ asked, seed }: { asked: readonly string[]; seed: number }): string | undefined {
  if (asked.length === 0) {
    return `no figure's name holds "${values.only}"; --list shows them`;
  }
  if (!Number.isSafeInteger(seed) || seed < 0) {
    return `--seed ${values.seed}: a whole number is needed`;
  }
  return values.write && (values.quick || values.only !== "") ? "--write needs the whole table: leave out --only and --quick" : undefined;
}

function writeTable(table: string): void {
  const [before = "", , after = ""] = readFileSync(page, "utf8").split(/<!-- figures:(?:begin|end) -->/);
  writeFileSync(page, `${before}<!-- figures:begin -->\n${table}\n<!-- figures:end -->${after}`);
}

function onLine(text: string): void {
  process.stderr.write(`${text}\n`);
}
