/** The end of a turn is the end of the event loop's poll phase: every socket that was ready has been read. */
import type { Turns } from "../ports.ts";

export const systemTurns: Turns = {
  atEnd(run): void {
    setImmediate(run);
  },
};
