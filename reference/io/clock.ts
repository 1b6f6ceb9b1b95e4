/** The machine's time. Timers never keep the process alive. */
import { performance } from "node:perf_hooks";
import type { Clock, Timer } from "../ports.ts";

/** The wall clock may be set while the server runs; small differences are the two clocks' jitter. */
const JUMP_US = 10_000;
const DELAY_MAX_MS = 0x7fff_ffff;

export function systemClock(): Clock {
  let originUs = Date.now() * 1000 - performance.now() * 1000;
  let lastUs = 0;
  /** When the two clocks were last compared. */
  let comparedMs = Number.NEGATIVE_INFINITY;
  return {
    nowNs(): bigint {
      const monotonicMs = performance.now();
      // A jump is noticed a millisecond later; asking for both times whenever a message comes costs more than storing its place.
      if (monotonicMs - comparedMs > 1) {
        comparedMs = monotonicMs;
        const wallUs = Date.now() * 1000;
        originUs = Math.abs(originUs + monotonicMs * 1000 - wallUs) > JUMP_US ? wallUs - monotonicMs * 1000 : originUs;
      }
      const nowUs = originUs + monotonicMs * 1000;
      // Microseconds are exact in a double until the year 2255; one multiplication makes them nanoseconds.
      lastUs = Math.max(lastUs, Math.floor(nowUs));
      return BigInt(lastUs) * 1000n;
    },
    nowMs: () => performance.now(),
    setTimer(delayMs: number, run: () => void): Timer {
      const handle = setTimeout(run, Math.min(Math.max(delayMs, 0), DELAY_MAX_MS)).unref();
      return { cancel: () => clearTimeout(handle) };
    },
  };
}
