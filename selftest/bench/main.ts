/**
 * `npm run bench`: measures every figure of docs/performance.md and prints them as a table; `--write` puts the table into the page. Not a test: it
 * exits 0 whatever the figures are, and 1 only when one could not be taken.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runConformance } from "../../api/conformance.ts";
import { describeEnvironment } from "../../api/environment.ts";
import { disposeAll } from "../../targets/live.ts";
import { type Figure, measure, measurements } from "./figures.ts";
import { measureStartUp } from "./start-up.ts";

const root = new URL("../../", import.meta.url).pathname;
const page = `${root}docs/performance.md`;
const suiteGoalSeconds = 60;

const { values } = parseArgs({
  options: {
    official: { type: "string", default: "nats-server@2.15.2" },
    size: { type: "string", default: "ci" },
    seed: { type: "string", default: "1" },
    write: { type: "boolean", default: false },
  },
});

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

let figures: Figure[];
try {
  figures = await takeAll();
} finally {
  await disposeAll();
}
const table = render(figures);
process.stdout.write(`\n${table}\n`);
if (values.write) {
  const text = readFileSync(page, "utf8");
  const [before = "", , after = ""] = text.split(/<!-- figures:(?:begin|end) -->/);
  writeFileSync(page, `${before}<!-- figures:begin -->\n${table}\n<!-- figures:end -->${after}`);
}
process.exitCode = figures.some((each) => each.value.startsWith("no figure")) ? 1 : 0;

async function takeAll(): Promise<Figure[]> {
  const size = values.size === "smoke" || values.size === "full" ? values.size : "ci";
  const taken: Figure[] = [];
  for (const measurement of measurements) {
    if (!stop.signal.aborted) {
      taken.push(await measure(measurement, { official: values.official, size, seed: Number(values.seed), signal: stop.signal, onLine }));
      onLine(`${taken.at(-1)?.name}: ${taken.at(-1)?.value}`);
    }
  }
  if (!stop.signal.aborted) {
    taken.push(await measureStartUp({ root, official: values.official }));
    taken.push(await measureSuites());
  }
  return taken;
}

async function measureSuites(): Promise<Figure> {
  const begin = performance.now();
  const { cases } = await runConformance({ target: "embedded", signal: stop.signal });
  const seconds = (performance.now() - begin) / 1000;
  return {
    name: "all conformance cases on the embedded reference",
    compared: `${cases.length} cases, power cuts included`,
    value: `${seconds.toFixed(1)} s`,
    goal: `< ${suiteGoalSeconds} s`,
    met: seconds < suiteGoalSeconds,
    command: "npm run certify",
  };
}

function render(rows: readonly Figure[]): string {
  const environment = Object.entries(describeEnvironment()).map(([key, value]) => `${key} ${value}`);
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${environment.join("; ")}.`,
    "",
    "| figure | value | goal | met | compared |",
    "|---|---|---|---|---|",
    ...rows.map(({ name, value, goal, met, compared }) => `| ${name} | ${value} | ${goal} | ${met ? "yes" : "no"} | ${compared} |`),
    "",
    "Each line again, alone:",
    "",
    "```sh",
    ...new Set(rows.map((each) => each.command)),
    "```",
  ].join("\n");
}

function onLine(text: string): void {
  process.stderr.write(`${text}\n`);
}
