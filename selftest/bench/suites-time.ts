/** How long all conformance cases take on the embedded reference. */
import { runConformance } from "../../api/conformance.ts";
import { atMost, type Figure } from "./figure.ts";
import type { BenchOptions, Measurement } from "./measurement.ts";

const name = "all conformance cases on the embedded reference";
const goal = atMost(60, "s");

export const suitesTime: Measurement = { names: () => [name], run: measure };

async function measure({ signal }: BenchOptions): Promise<Figure[]> {
  const begin = performance.now();
  const { cases } = await runConformance({ target: "embedded", signal });
  const seconds = (performance.now() - begin) / 1000;
  return [
    {
      name,
      compared: `${cases.length} cases, power cuts included`,
      value: `${seconds.toFixed(1)} s`,
      goal: goal.text,
      met: goal.judge({ low: seconds, high: seconds }),
      client: "",
      command: "npm run certify",
    },
  ];
}
