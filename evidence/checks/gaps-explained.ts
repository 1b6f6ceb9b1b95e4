/**
 * Every sequence a stream ever gave is accounted for. Each went to a publish: to one that was acknowledged at it, or to one that got no yes (a server may
 * burn the sequence of a write that failed, or lose the answer). So among 1 to the last sequence there are no more without an acknowledged owner, stored or
 * missing, than there were such publishes; and an acknowledged message that is missing was removed by something recorded.
 */
import type { History } from "../history/history.ts";
import { mayHaveHappened, type OperationRecord, precedes } from "../history/operation-record.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { findLosses } from "./losses.ts";
import type { Violation } from "./witness.ts";

export const gapsExplained: Check = {
  id: "gaps-explained",
  subject: "streams",
  says: "Every sequence missing from a stream was removed by something recorded, or belonged to a publish that was not acknowledged.",
  judge(history) {
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete);
    }
    const judged = history.streams.flatMap((stream) => accountOf(history, stream) ?? []);
    const violations = [...judged.flatMap((account) => excessOf(history, account)), ...lossesOf(history)];
    const missing = judged.reduce((sum, account) => sum + account.missing, 0);
    const figures = { streams: judged.length, missing, unexplained: violations.length };
    if (violations.length > 0) {
      return fail(history, { summary: `sequences missing without a reason: ${violations[0]?.says}`, figures, violations });
    }
    return judged.length === 0
      ? inconclusive("no stream was read back with its last sequence", figures)
      : pass(`${counted(missing, "missing sequence")}, each with a reason`, figures);
  },
};

interface Account {
  readonly stream: string;
  readonly last: bigint;
  readonly missing: number;
  /** Sequences of acknowledged messages. */
  readonly owned: ReadonlySet<string>;
  readonly withoutYes: readonly OperationRecord[];
  /** Sequences that a purge beyond the last one skipped. */
  readonly skipped: number;
}

/**
 * Undefined where nobody can count: the stream was not read to its last sequence. Of a stream that was deleted and made again only what certainly came
 * later owns a sequence; what may have come later may.
 */
function accountOf(history: History, stream: string): Account | undefined {
  const back = history.lastReadBack(stream);
  if (back?.end?.lastSeq === undefined || back.end.missing === true) {
    return undefined;
  }
  const last = BigInt(back.end.lastSeq);
  const deletes = history.of("delete-stream").filter((each) => each.op.stream === stream && mayHaveHappened(each));
  const ofStream = history.of("publish").filter((each) => each.op.stream === stream && mayHaveTakenSequence(each));
  const current = ofStream.filter((each) => !deletes.some((gone) => gone.outcome === "ok" && precedes(each, gone)));
  const isOwner = (each: OperationRecord): boolean => each.outcome === "ok" && deletes.every((gone) => precedes(gone, each));
  const owned = current.filter(isOwner).map((each) => each.seq ?? "0");
  return {
    stream,
    last,
    missing: Number(last) - back.messages.size,
    owned: new Set(owned.filter((seq) => BigInt(seq) <= last)),
    withoutYes: current.filter((each) => !isOwner(each)),
    skipped: skippedByPurges(history, stream),
  };
}

/** A publish that was refused for what it asked (4xx) never got as far as a sequence. */
function mayHaveTakenSequence({ outcome, error }: OperationRecord): boolean {
  return outcome !== "fail" || error?.code === undefined || error.code >= 500;
}

function skippedByPurges(history: History, stream: string): number {
  return history
    .of("purge")
    .filter((each) => each.op.stream === stream && each.op.below !== undefined && mayHaveHappened(each))
    .reduce((sum, purge) => {
      const highest = history
        .acknowledged(stream)
        .filter((ack) => ack.begin < purge.end)
        .reduce((most, ack) => (BigInt(ack.seq) > most ? BigInt(ack.seq) : most), 0n);
      const beyond = BigInt(purge.op.below ?? 0) - 1n - highest;
      return sum + Math.max(0, Number(beyond));
    }, 0);
}

function excessOf(history: History, { stream, last, owned, withoutYes, skipped }: Account): Violation[] {
  const unowned = Number(last) - owned.size;
  if (unowned <= withoutYes.length + skipped) {
    return [];
  }
  const first = firstUnowned(history, { stream, last, owned });
  const said = `${counted(unowned, "sequence")} of ${stream} given to no acknowledged message, the first missing one ${first}`;
  const before = history.ownersOf(stream, String(first - 1n)).slice(-1);
  return [
    {
      says: `${said}, with ${counted(withoutYes.length, "publish", "publishes")} without a yes`,
      operations: [...before, ...withoutYes.slice(0, 2)],
    },
  ];
}

function firstUnowned(history: History, about: { stream: string; last: bigint; owned: ReadonlySet<string> }): bigint {
  const stored = history.readBack(about.stream);
  for (let seq = 1n; seq <= about.last; seq += 1n) {
    if (!about.owned.has(String(seq)) && !stored.has(String(seq))) {
      return seq;
    }
  }
  return about.last;
}

function lossesOf(history: History): Violation[] {
  const { lost } = findLosses(history);
  return [...lost].map((ack) => ({
    says: `sequence ${ack.seq} of ${ack.op.stream} is missing, and nothing removed it`,
    operations: [ack],
  }));
}
