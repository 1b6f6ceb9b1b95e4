/** Freezes the server (SIGSTOP) for a while and lets it go on (SIGCONT). */
import { setTimeout as delay } from "node:timers/promises";
import { duration, milliseconds } from "./fields.ts";
import { verb } from "./verb.ts";

export const pause = verb({
  name: "pause",
  about: "Freezes the server for `time`. Needs `pause`.",
  fields: { time: duration() },
  reply: "`happened`, `summary`",
  async run(step, { session, signal }) {
    const { instance } = session;
    const evidence = await instance.pause();
    try {
      await delay(milliseconds(step.time), undefined, { signal });
    } finally {
      await instance.resume();
    }
    return evidence;
  },
});
