/** All measurements in the order of the page, which of them a pattern asks for, and the table they make. */
import { clientCapacities } from "./client-capacity.ts";
import type { Figure } from "./figure.ts";
import { loadMeasurements } from "./load-figures.ts";
import { manyMessages } from "./many-messages.ts";
import { type BenchOptions, type Measurement, missing } from "./measurement.ts";
import { recoveryMeasurements } from "./recovery.ts";
import { startUp } from "./start-up.ts";
import { suitesTime } from "./suites-time.ts";

export const measurements: readonly Measurement[] = [
  ...loadMeasurements,
  ...recoveryMeasurements,
  manyMessages,
  startUp,
  suitesTime,
  ...clientCapacities,
];

/** Takes the figures whose names hold the pattern, letter case aside. One that can't be taken is a line that says why. */
export async function takeFigures(pattern: string, options: BenchOptions): Promise<Figure[]> {
  const isAsked = (name: string): boolean => name.toLowerCase().includes(pattern.toLowerCase());
  const taken: Figure[] = [];
  for (const measurement of measurements) {
    const names = measurement.names(options).filter(isAsked);
    if (names.length === 0 || options.signal.aborted) {
      continue;
    }
    const figures = await figuresOf(measurement, options);
    for (const figure of figures.filter(({ name }) => isAsked(name))) {
      options.onLine(`${figure.name}: ${figure.value}`);
      taken.push(figure);
    }
  }
  return taken;
}

async function figuresOf(measurement: Measurement, options: BenchOptions): Promise<readonly Figure[]> {
  try {
    return await measurement.run(options);
  } catch (error) {
    const names = measurement.names(options);
    if (options.signal.aborted) {
      return names.map((name) => missing(name, "interrupted"));
    }
    const why = error instanceof Error ? error.message : String(error);
    options.onLine(error instanceof Error ? (error.stack ?? why) : why);
    return names.map((name) => missing(name, why.split("\n", 1)[0] ?? ""));
  }
}

export function renderTable(figures: readonly Figure[], environment: Readonly<Record<string, string>>): string {
  const where = Object.entries(environment).map(([key, value]) => `${key} ${value}`);
  return [
    `Measured ${new Date().toISOString().slice(0, 10)} on ${where.join("; ")}.`,
    "",
    "| figure | value | goal | met | client CPU | compared |",
    "|---|---|---|---|---|---|",
    ...figures.map(({ name, value, goal, met, client, compared }) => {
      return `| ${[name, value, goal, met, client, compared].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
    }),
    "",
    "Each line again, alone:",
    "",
    "```sh",
    ...new Set(figures.map((each) => each.command)),
    "```",
  ].join("\n");
}
