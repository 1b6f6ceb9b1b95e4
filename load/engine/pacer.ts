/**
 * Wakes the generator for an open model. Timers alone are late by half a millisecond and more, so it sleeps until shortly before the
 * next operation is due and then turns with the event loop, which still serves sockets between two turns.
 */

/** Turning begins this long before the next operation. */
const wakeEarlyMs = 2;

export interface Pacer {
  stop(): void;
}

/** Calls `onTurn` until stopped; it returns when it wants to be called next (`performance.now()` clock). */
export function startPacer(onTurn: () => number): Pacer {
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let immediate: NodeJS.Immediate | undefined;
  const turn = () => {
    if (stopped) {
      return;
    }
    const waitMs = onTurn() - performance.now();
    if (waitMs > wakeEarlyMs) {
      timer = setTimeout(turn, Math.floor(waitMs - wakeEarlyMs));
    } else {
      immediate = setImmediate(turn);
    }
  };
  immediate = setImmediate(turn);
  return {
    stop: () => {
      stopped = true;
      clearTimeout(timer);
      clearImmediate(immediate);
    },
  };
}
