/** Latency histograms in microseconds: three significant digits, up to ten minutes, WASM build, freed explicitly. */
import { build, type Histogram, initWebAssembly } from "hdr-histogram-js";
import type { z } from "zod";
import type { percentiles } from "../../evidence/results/schema.ts";

const highestUs = 600_000_000;

let ready: Promise<void> | undefined;

/** Must be awaited once before the first histogram. */
export function prepareHistograms(): Promise<void> {
  ready ??= initWebAssembly();
  return ready;
}

export class LatencyHistogram {
  readonly #histogram: Histogram = build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: highestUs,
    numberOfSignificantValueDigits: 3,
    useWebAssembly: true,
  });

  /** Messages that left in one write and came back in one read took the same time: they are recorded together. */
  #lastMs = 0;
  #repeats = 0;

  recordMs(latencyMs: number): void {
    if (latencyMs === this.#lastMs) {
      this.#repeats++;
      return;
    }
    this.#recordLast();
    this.#lastMs = latencyMs;
    this.#repeats = 1;
  }

  get count(): number {
    this.#recordLast();
    return this.#histogram.totalCount;
  }

  p99Us(): number {
    this.#recordLast();
    return this.#histogram.getValueAtPercentile(99);
  }

  summary(): z.infer<typeof percentiles> | undefined {
    this.#recordLast();
    if (this.#histogram.totalCount === 0) {
      return undefined;
    }
    return {
      p50: this.#histogram.getValueAtPercentile(50),
      p90: this.#histogram.getValueAtPercentile(90),
      p99: this.p99Us(),
      p999: this.#histogram.getValueAtPercentile(99.9),
      max: this.#histogram.maxValue,
    };
  }

  /** The histogram lives in WASM memory, outside the garbage collector. */
  free(): void {
    this.#histogram.destroy();
  }

  #recordLast(): void {
    if (this.#repeats === 0) {
      return;
    }
    // Two reads of the clock in one microsecond may give a hair below zero after subtraction of a scheduled time.
    const us = Math.round(this.#lastMs * 1000);
    this.#histogram.recordValueWithCount(us < 1 ? 1 : us > highestUs ? highestUs : us, this.#repeats);
    this.#repeats = 0;
  }
}
