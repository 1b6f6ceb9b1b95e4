/** The machine's time. Timers never keep the process alive. */
import { performance } from "node:perf_hooks";
import type { Clock, Timer } from "../ports.ts";

/** The wall clock may be set while the server runs; small differences are the two clocks' jitter. */
const JUMP_US = 10_000;
const DELAY_MAX_MS = 0x7fff_ffff;

export function systemClock(): Clock {
  let originUs = Date.now() * 1000 - performance.now() * 1000;
  let lastUs = 0;
  return {
    nowNs(): bigint {
      const wallUs = Date.now() * 1000;
      let nowUs = originUs + performance.now() * 1000;
      if (Math.abs(nowUs - wallUs) > JUMP_US) {
        originUs += wallUs - nowUs;
        nowUs = wallUs;
      }
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
