/**
 * Damage to the files of a stopped server stays where it is and is told. After it no wrong byte is served, the last sequence has not gone back, and an
 * acknowledged message that can't be given any more answers with an explicit error: "no such message" for one that was stored is silent loss. Where the
 * fault's evidence says how many messages such damage may cost (`recordsMax`), no more are lost.
 */
import type { History } from "../history/history.ts";
import type { AcknowledgedPublish } from "../history/operation-record.ts";
import { streamDeleteAfter } from "../history/removals.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { findLosses } from "./losses.ts";
import { noPhantoms } from "./no-phantoms.ts";
import type { Violation } from "./witness.ts";

export const damageContained: Check = {
  id: "damage-contained",
  subject: "acknowledged",
  says: "Damage costs no more than the messages it lies in, each of which answers with an explicit error, and no wrong byte is served.",
  judge(history) {
    const incomplete = history.whyReadBackIncomplete();
    if (incomplete !== undefined) {
      return inconclusive(incomplete);
    }
    const damages = history.faults.filter((each) => each.fault === "damage");
    const { acknowledged, lost } = findLosses(history);
    if (damages.length === 0 || acknowledged.length === 0) {
      return inconclusive("no message was acknowledged before files were damaged", { acknowledged: acknowledged.length });
    }
    const phantoms = noPhantoms.judge(history);
    const silent = [...lost].filter((ack) => problemOf(history, ack) === undefined);
    const back = fallen(history, acknowledged);
    const radius = radiusOf(damages.map((each) => each.evidence.details["recordsMax"]));
    const figures = {
      acknowledged: acknowledged.length,
      lost: lost.size,
      named: lost.size - silent.length,
      silent: silent.length,
      wrong: Number(phantoms.figures["phantoms"] ?? 0),
      lastSequenceFell: back.length,
    };
    const violations: Violation[] = [
      ...silent.map((ack) => ({ says: `sequence ${ack.seq} of ${ack.op.stream} is gone and nothing says so`, operations: [ack] })),
      ...back,
    ];
    const beside = damages.some((each) => each.evidence.details["apart"] === true) ? neighbours(lost) : [];
    const says = [
      figures.wrong > 0 && `${counted(figures.wrong, "message")} served with wrong bytes`,
      silent.length > 0 && `${silent.length} of ${counted(acknowledged.length, "acknowledged message")} lost in silence`,
      lost.size > radius && `${counted(lost.size, "message")} lost where the damage lies in ${radius}`,
      beside.length > 0 && `one flip cost two neighbours, ${beside[0]?.seq} and the next`,
      back.length > 0 && "the last sequence went back",
    ].filter((each) => each !== false);
    if (says.length > 0) {
      const [first] = lost;
      const tooMany = first === undefined ? [] : [{ says: `${lost.size} messages are lost, this one first`, operations: [first] }];
      const found = fail(history, { summary: says.join("; "), figures, violations: violations.length > 0 ? violations : tooMany });
      return figures.wrong > 0 ? { ...found, witness: phantoms.witness } : found;
    }
    return pass(`${counted(lost.size, "message")} of ${acknowledged.length} damaged, each named; the others as they were`, figures);
  },
};

/** Of damage whose places lie further apart than a message is long, two lost neighbours are one place's. */
function neighbours(lost: ReadonlySet<AcknowledgedPublish>): AcknowledgedPublish[] {
  const sequences = new Set([...lost].map((ack) => `${ack.op.stream} ${ack.seq}`));
  return [...lost].filter((ack) => sequences.has(`${ack.op.stream} ${BigInt(ack.seq) + 1n}`));
}

function problemOf(history: History, ack: AcknowledgedPublish): string | undefined {
  return history.readBack(ack.op.stream).get(ack.seq)?.problem;
}

function radiusOf(given: readonly unknown[]): number {
  const known = given.filter((each) => typeof each === "number");
  return known.length < given.length ? Number.POSITIVE_INFINITY : known.reduce((sum, each) => sum + each, 0);
}

function fallen(history: History, acknowledged: readonly AcknowledgedPublish[]): Violation[] {
  const byStream = Map.groupBy(
    acknowledged.filter((ack) => !streamDeleteAfter(history, ack)),
    (ack) => ack.op.stream,
  );
  return [...byStream].flatMap(([stream, acks]) => {
    const highest = acks.reduce((most, ack) => (BigInt(ack.seq) > BigInt(most.seq) ? ack : most));
    const lastSeq = history.lastReadBack(stream)?.end?.lastSeq;
    // A stream that is missing altogether is lost in silence, which says more.
    const fell = lastSeq !== undefined && BigInt(lastSeq) < BigInt(highest.seq);
    return fell
      ? [{ says: `the last sequence of ${stream} is ${lastSeq} after ${highest.seq} was acknowledged`, operations: [highest] }]
      : [];
  });
}
