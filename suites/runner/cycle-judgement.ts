/** The judgement of one cycle: by the campaign's checks, each of which needs something to judge, with the figures that are added up over the cycles. */
import type { Verdict } from "../../evidence/checks/check.ts";
import { lossPictureOf } from "../../evidence/checks/loss-picture.ts";
import { judgeHistory } from "../../evidence/checks/registry.ts";
import type { History } from "../../evidence/history/history.ts";
import type { LossPicture } from "../../evidence/results/schema.ts";

export interface CycleJudgement {
  readonly outcome: "pass" | "fail" | "inconclusive" | "error";
  readonly summary: string;
  readonly witness: readonly string[];
  readonly picture: LossPicture | undefined;
  readonly figures: Readonly<Record<string, number>>;
}

/** What a check counts, where not all its figures say the same: where it is 0, the fault came before there was anything for it to judge. */
const subjects: Readonly<Record<string, string>> = { "confirmed-acks-kept": "confirmed" };

export function judgeCycle(history: History, ids: readonly string[], about: { title: string; blow: string }): CycleJudgement {
  const first = judgeHistory(history, ids);
  const judged = ids.filter((id) => !isVacuous(id, first.verdicts[id]));
  const { outcome, summary, witness, verdicts } =
    judged.length === ids.length || judged.length === 0 ? first : judgeHistory(history, judged);
  return {
    outcome,
    summary: `${about.blow}: ${summary}`,
    witness,
    picture: lossPictureOf(history, about.title),
    figures: figuresOf(verdicts),
  };
}

function isVacuous(id: string, verdict: Verdict | undefined): boolean {
  if (verdict?.outcome !== "inconclusive") {
    return false;
  }
  const subject = subjects[id];
  const counts = Object.entries(verdict.figures).filter(([key]) => subject === undefined || key === subject);
  // A verdict without figures says that the evidence does not reach.
  return counts.length > 0 && counts.every(([, value]) => value === 0);
}

/** Those that say something over many cycles; `violations` are named by their check. */
function figuresOf(verdicts: Readonly<Record<string, Verdict>>): Record<string, number> {
  const entries = Object.entries(verdicts).flatMap(([id, { figures }]) =>
    Object.entries(figures)
      .filter(([, value]) => typeof value === "number")
      .map(([key, value]): [string, number] => [key === "violations" ? id : key, Number(value)]),
  );
  return Object.fromEntries(entries);
}
