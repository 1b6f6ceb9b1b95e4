/** The requirement table. What does not hold stands open; what holds is folded away, because nobody reads a hundred good rows first. */
import type { RequirementResult, Results } from "../../../evidence/results/schema.ts";
import { el, link, type Markup } from "../../markup.ts";
import { counted, integer } from "../../wording.ts";
import { disclosure, outcomeTag, section, table } from "./elements.ts";

/** A short table needs no folding. */
const openMax = 25;

export function requirementsSection(results: Results): Markup | undefined {
  const shown = results.requirements.filter((each) => each.cases.length > 0);
  if (shown.length === 0) {
    return undefined;
  }
  const holding = shown.filter((each) => each.outcome === "pass");
  const others = shown.filter((each) => each.outcome !== "pass");
  const unshown = results.requirements.length - shown.length;
  return section(
    "requirements",
    "Requirements",
    others.length > 0 && requirementTable(others, "Requirements that do not plainly hold"),
    holding.length > 0 &&
      disclosure(
        `✓ ${counted(holding.length, "requirement holds", "requirements hold")}`,
        holding.length <= openMax,
        requirementTable(holding, "Requirements that hold"),
      ),
    unshown > 0 && el("p", { class: "note" }, `${counted(unshown, "requirement")} without a case in this run.`),
  );
}

function requirementTable(requirements: readonly RequirementResult[], caption: string): Markup {
  return table(
    caption,
    [{ title: "Requirement" }, { title: "Outcome" }, { title: "Level" }, { title: "Basis" }, { title: "Cases", numeric: true }],
    requirements.map((each) => [
      el("div", {}, el("span", { class: "says" }, each.says), el("br", {}), el("code", { class: "soft" }, each.id)),
      outcomeTag(each.outcome),
      each.level,
      link(each.basisUrl, each.basis),
      integer(each.cases.length),
    ]),
  );
}
