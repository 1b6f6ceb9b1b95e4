/** Waits until `passed` has gone by since an earlier step was answered. For windows and ages only: a state is awaited with `await`. */
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { duration, milliseconds, variable } from "./fields.ts";
import { verb } from "./verb.ts";

export const waitUntil = verb({
  name: "wait-until",
  about: "Waits until `passed` has gone by since the saved step `since` was answered.",
  fields: { since: z.union([variable, z.looseObject({ answeredAtMs: z.number() })]), passed: duration() },
  reply: "`{}`",
  async run(step, { signal }) {
    const answeredAtMs = typeof step.since === "string" ? performance.now() : step.since.answeredAtMs;
    const left = answeredAtMs + milliseconds(step.passed) - performance.now();
    if (left > 0) {
      await delay(left, undefined, { signal });
    }
    return {};
  },
});
