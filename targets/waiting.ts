/** Waiting for a condition of the outside world that sends no event, always with a deadline. */
import { setTimeout as sleep } from "node:timers/promises";

export interface WaitOptions {
  readonly withinMs: number;
  readonly everyMs?: number;
}

/** true once `condition` holds, false when it does not within the deadline. */
export async function holdsWithin(condition: () => boolean | Promise<boolean>, { withinMs, everyMs = 2 }: WaitOptions): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (!(await condition())) {
    if (performance.now() >= deadline) {
      return false;
    }
    await sleep(everyMs);
  }
  return true;
}
