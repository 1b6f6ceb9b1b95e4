/**
 * When a server counts as ready: INFO arrives, PING is answered, and `$JS.API.INFO` gives account information. Whatever else it does
 * (silence, garbage, an early end) is told in words within the deadline.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { connect } from "../../wire/connection.ts";
import type { ServerInfo } from "../../wire/server-info.ts";
import { failureText } from "../failure-text.ts";
import type { Exit } from "./server-process.ts";

export interface ReadinessOptions {
  readonly url: string;
  readonly withinMs: number;
  readonly jetstream: boolean;
  /** Ends the waiting when the server is gone. */
  readonly exited?: () => Exit | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type Readiness =
  | { readonly is: "ready"; readonly afterMs: number; readonly info: ServerInfo; readonly apiLevel: number | undefined }
  | { readonly is: "exited"; readonly exit: Exit }
  | { readonly is: "not-ready"; readonly afterMs: number; readonly problem: string };

const attemptMs = 1000;
const pauseMs = 10;

/** Rejects only when the signal fires. */
export async function waitUntilReady(options: ReadinessOptions): Promise<Readiness> {
  const start = performance.now();
  let problem = "nothing answers";
  for (;;) {
    options.signal?.throwIfAborted();
    const exit = options.exited?.();
    if (exit !== undefined) {
      return { is: "exited", exit };
    }
    const leftMs = options.withinMs - (performance.now() - start);
    if (leftMs <= 0) {
      return { is: "not-ready", afterMs: performance.now() - start, problem };
    }
    const attempt = await tryOnce(options, Math.min(attemptMs, leftMs));
    if (typeof attempt !== "string") {
      return { is: "ready", afterMs: performance.now() - start, ...attempt };
    }
    problem = attempt;
    await sleep(pauseMs);
  }
}

/** What it says when it answers, else what is wrong in words. */
async function tryOnce(options: ReadinessOptions, timeoutMs: number): Promise<{ info: ServerInfo; apiLevel: number | undefined } | string> {
  let connection: Awaited<ReturnType<typeof connect>>;
  try {
    connection = await connect({ url: options.url, timeoutMs, name: "streamproof-ready" });
  } catch (error) {
    return failureText(error);
  }
  try {
    const info = connection.info;
    if (!options.jetstream) {
      return { info, apiLevel: info.api_lvl };
    }
    const answer = await connection.request({ subject: "$JS.API.INFO" }, { timeoutMs });
    const account = accountInfo.safeParse(answer.json());
    if (!account.success) {
      return "$JS.API.INFO is not answered with account information";
    }
    const { error, api } = account.data;
    return error === undefined
      ? { info, apiLevel: info.api_lvl ?? api?.level }
      : `$JS.API.INFO is answered with an error: ${error.description}`;
  } catch (error) {
    return `it answers PING, but not the request $JS.API.INFO (is JetStream enabled?): ${failureText(error)}`;
  } finally {
    await connection.close();
  }
}

/** Only what readiness needs; everything else in the answer is the suites' business. */
const accountInfo = z.object({
  error: z.object({ description: z.string().default("without a description") }).optional(),
  api: z.object({ level: z.number().optional() }).optional(),
});
