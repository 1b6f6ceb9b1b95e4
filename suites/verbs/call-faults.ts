/** Faults of single system calls, armed on the running server: its end at one of them, or an error instead of one. `release` ends them. */
import { z } from "zod";
import type { FaultEvidence } from "../../evidence/history/events.ts";
import { type CallFault, callErrors, callsMax } from "../../targets/faults/call-fault.ts";
import { armCallFault } from "../../targets/faults/system-calls.ts";
import { text } from "./fields.ts";
import { type VerbContext, verb } from "./verb.ts";

const groups = z.enum(["write", "sync", "read", "open", "truncate", "rename", "unlink", "mkdir"]);
const place = z.int().positive().max(callsMax);
/** `{S}` is the stream of that name, as for `file-fault`. */
const files = text().optional();

export const ioError = verb({
  name: "io-error",
  about:
    "From now on answers system calls of a kind (`write sync read open truncate rename unlink mkdir`) with an error: the one at `at`, or all from there on with `repeats`, until `release`. Needs `system-calls`.",
  fields: { calls: groups, error: z.enum(callErrors), at: place.default(1), repeats: z.boolean().default(false), files },
  reply: "`happened` (false: not yet), `summary`",
  run: ({ calls, error, at, repeats, files: pattern }, context) =>
    arm("io-error", { calls, at, does: error, ...(repeats ? { repeats } : {}), ...ofFiles(pattern, context) }, context),
});

export const killAt = verb({
  name: "kill-at",
  about:
    "Kills the server just before it makes the call of a kind that is `at` in number from now; `release` starts it again, and kills one that never made that call. Needs `system-calls`.",
  fields: { calls: groups, at: place.default(1), files },
  reply: "`happened` (false: not yet), `summary`",
  run: ({ calls, at, files: pattern }, context) => arm("kill-at", { calls, at, does: "kill", ...ofFiles(pattern, context) }, context),
});

async function arm(name: string, fault: CallFault, { session }: VerbContext): Promise<FaultEvidence> {
  return session.hold(name, await armCallFault(session.instance, fault));
}

function ofFiles(pattern: string | undefined, { names }: VerbContext): { files?: string } {
  return pattern === undefined ? {} : { files: pattern.replaceAll(/\{(\w+)\}/g, (_, stream: string) => names.stream(stream)) };
}
