/**
 * Check × mutation, measured: every mutation is done to the same sound histories, and every check judges each. The page `docs/checks.md` is made of it:
 * `node evidence/mutations/generate.ts` writes it, and a test says when it is stale.
 */
import { checks } from "../checks/registry.ts";
import { mutated, mutations } from "./registry.ts";

const seeds = 8;

/** How many of the mutated histories a check rejects. */
type Share = "all" | "some" | "none";

interface MutationRow {
  readonly id: string;
  readonly says: string;
  readonly caughtBy: string;
  /** Other checks that reject it. */
  readonly also: readonly { readonly check: string; readonly share: Share }[];
}

function rowsOf(): MutationRow[] {
  return mutations.map((mutation) => {
    const histories = Array.from({ length: seeds }, (_, index) => mutated(mutation, index + 1)).filter((each) => each !== undefined);
    const others = Object.values(checks).filter((check) => check.id !== mutation.caughtBy);
    const also = others.map((check) => {
      const rejected = histories.filter((history) => check.judge(history).outcome === "fail").length;
      return { check: check.id, share: rejected === 0 ? "none" : rejected === histories.length ? "all" : "some" } as const;
    });
    return { id: mutation.id, says: mutation.says, caughtBy: mutation.caughtBy, also: also.filter(({ share }) => share !== "none") };
  });
}

/** The part of `docs/checks.md` between its marks. */
export function generatedChecksPage(): string {
  const rows = rowsOf();
  const ofCheck = Object.values(checks).map((check) => {
    const caught = rows.filter((row) => row.caughtBy === check.id).map((row) => `\`${row.id}\``);
    return `| \`${check.id}\` | ${check.says} | ${caught.join(", ")} |\n`;
  });
  const ofMutation = rows.map((row) => {
    const also = row.also.map(({ check, share }) => `\`${check}\`${share === "some" ? " (some)" : ""}`);
    return `| \`${row.id}\` | ${row.says} | \`${row.caughtBy}\` | ${also.join(", ")} |\n`;
  });
  return [
    "### The checks\n\n| check | holds when | there for |\n|---|---|---|\n",
    ...ofCheck,
    `\n### The mutations\n\n${rows.length} of them, each done to ${seeds} sound histories.\n\n`,
    "| mutation | what went wrong | always rejected by | and by |\n|---|---|---|---|\n",
    ...ofMutation,
  ].join("");
}

const begin = "<!-- generated:begin -->\n";
const end = "<!-- generated:end -->";

export function withGeneratedPart(page: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) {
    throw new Error(`the page lacks the marks ${begin.trim()} and ${end}`);
  }
  return `${page.slice(0, from)}${begin}${generatedChecksPage()}${page.slice(to)}`;
}
