/**
 * A key (the last message of a subject) behaves as one register with compare-and-set: all writes, refused writes and reads of it fit into one order that
 * respects who was over before who began. So a key-value bucket on a stream never loses an update, never refuses a right one, never shows an old value
 * after a new one. The order is searched for (`evidence/linearizability/`), one key at a time.
 *
 * Reads are judged as those of one server: a stream with followers may answer a direct get with an older value.
 */
import type { History } from "../history/history.ts";
import { type KeyHistory, type KeyOperation, keyHistories } from "../linearizability/key-histories.ts";
import { linearize } from "../linearizability/search.ts";
import { type Check, counted, fail, inconclusive, pass } from "./check.ts";
import { type Violation, witnessLinesMax } from "./witness.ts";

/** Longer histories are not made smaller: each try is a search of its own. */
const shrinkOperationsMax = 400;
const shrinkStepsMax = 20_000;

export const perKeyLinearizable: Check = {
  id: "per-key-linearizable",
  subject: "keys",
  says: "The writes, refused writes and reads of a key fit into one order that respects real time.",
  judge(history) {
    const keys = keyHistories(history);
    const registers = keys.filter((key) => key.leftOut === undefined);
    const verdicts = registers.map((key) => ({ key, found: linearize(key.operations) }));
    const broken = verdicts.filter(({ found }) => found.verdict === "not-linearizable");
    const unknown = verdicts.filter(({ found }) => found.verdict === "unknown");
    const figures = {
      keys: registers.length,
      operations: registers.reduce((sum, key) => sum + key.operations.length, 0),
      leftOut: keys.length - registers.length,
      unknown: unknown.length,
      violations: broken.length,
    };
    if (broken.length > 0) {
      const violations = broken.map(({ key }) => violationOf(history, key));
      return fail(history, {
        summary: `${counted(broken.length, "key")} of ${registers.length} without a possible order`,
        figures,
        violations,
      });
    }
    const [first] = unknown;
    if (first !== undefined) {
      return inconclusive(`the search for an order of key ${first.key.subject} was given up`, figures);
    }
    const [reason] = keys.flatMap((key) => (key.leftOut === undefined ? [] : [`key ${key.subject} can't be judged: ${key.leftOut}`]));
    return registers.length === 0
      ? inconclusive(reason ?? "no key was written on a condition or read", figures)
      : pass(`${counted(registers.length, "key")}, each in one order`, figures);
  },
};

function violationOf(history: History, key: KeyHistory): Violation {
  const operations = smallest(key.operations);
  const readBack = operations.find((each) => each.record === undefined);
  const seen =
    readBack?.action.kind === "read"
      ? `, which holds ${readBack.action.revision === 0 ? "nothing" : `revision ${readBack.action.revision}`} in the end`
      : "";
  const says = `no order of these explains key ${key.subject} of ${key.stream}${seen}`;
  const records = operations.map((each) => each.record).filter((record) => record !== undefined);
  return { says, operations: records.slice(-witnessLinesMax).toSorted((a, b) => a.begin - b.begin) };
}

/**
 * Leaves out what is not needed for there to be no order, one after the other. Conditions go first: a write whose condition does not matter needs no
 * write before it.
 */
function smallest(operations: readonly KeyOperation[]): readonly KeyOperation[] {
  if (operations.length > shrinkOperationsMax) {
    const found = linearize(operations);
    return found.verdict === "not-linearizable"
      ? operations.filter((each) => each === found.blocked || found.taken.slice(-5).includes(each))
      : operations;
  }
  let kept = operations;
  for (const each of operations) {
    const weaker = kept.map((other) => (other === each ? withoutCondition(each) : other));
    if (each.action.kind === "write" && each.action.expected !== undefined && isBroken(weaker)) {
      kept = weaker;
    }
  }
  for (const each of kept) {
    const without = kept.filter((other) => other !== each);
    if (!isNamed(each, without) && isBroken(without)) {
      kept = without;
    }
  }
  return kept;
}

function withoutCondition(operation: KeyOperation): KeyOperation {
  const { action } = operation;
  return action.kind === "write" ? { ...operation, action: { ...action, expected: undefined } } : operation;
}

function isBroken(operations: readonly KeyOperation[]): boolean {
  return linearize(operations, shrinkStepsMax).verdict === "not-linearizable";
}

/** Without a write that others name or read there would be no order for that reason alone. */
function isNamed({ action }: KeyOperation, others: readonly KeyOperation[]): boolean {
  const revision = action.kind === "write" && !action.isOptional ? action.revision : undefined;
  const namedBy = (other: KeyOperation): number | undefined =>
    other.action.kind === "read" ? other.action.revision : other.action.expected;
  return revision !== undefined && others.some((other) => namedBy(other) === revision);
}
