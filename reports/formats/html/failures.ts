/** What failed, in full: the requirement, what was expected and what came, the bytes on the wire, the server's last words, how to see it again. */
import type { Failure, RequirementResult, Results, TraceFrame } from "../../../evidence/results/schema.ts";
import { type FailedCase, failedCases } from "../../failed-cases.ts";
import { type Content, el, link, type Markup } from "../../markup.ts";
import { headAndRest, shortened } from "../../visible-text.ts";
import { counted, integer, traceTime } from "../../wording.ts";
import { disclosure, outcomeTag, reproduce, section, table } from "./elements.ts";
import { pictureFigure } from "./pictures.ts";

/** Beyond these the page stops being one that a person reads; the rest stands in the table of all cases. */
const failuresMax = 100;
const framesMax = 80;
const frameTextMax = 600;
const logLinesMax = 60;
/** Traces of the first failures stand open. */
const openMax = 3;

export function failuresSection(results: Results, strict: boolean): Markup | undefined {
  const failed = failedCases(results, strict);
  if (failed.length === 0) {
    return undefined;
  }
  const rest = failed.length - failuresMax;
  return section(
    "failures",
    counted(failed.length, "failure"),
    failed.slice(0, failuresMax).map(failureCard),
    rest > 0 && el("p", { class: "note" }, `${integer(rest)} more are listed under “All cases” and stand in results.json.`),
  );
}

function failureCard({ result, fatal, requirements }: FailedCase, index: number): Markup {
  const id = `failure-${index + 1}`;
  return el(
    "article",
    { class: fatal ? "card bad" : "card", id, "aria-labelledby": `${id}-title` },
    el(
      "p",
      { class: "tags" },
      outcomeTag(result.outcome),
      el("span", { class: "level" }, result.level),
      !fatal && el("span", { class: "soft" }, "does not fail the run"),
    ),
    el("h3", { id: `${id}-title` }, result.title),
    el("p", { class: "name" }, el("code", {}, result.name)),
    requirements.map(requirementLine),
    result.reason !== undefined && el("p", {}, result.reason, " ", link(result.link, result.link ?? "")),
    result.failure !== undefined && failureBody(result.failure, index < openMax),
    result.pictures.map((picture, cycle) => pictureFigure(picture, `${id}-p${cycle}`)),
    reproduce(result.reproduce),
  );
}

function requirementLine(requirement: RequirementResult): Markup {
  return el(
    "p",
    { class: "requirement" },
    el("span", { class: "says" }, requirement.says),
    " ",
    el("span", { class: "basis" }, el("code", {}, requirement.id), " · ", link(requirement.basisUrl, requirement.basis)),
  );
}

function failureBody(failure: Failure, open: boolean): Content {
  const { head, rest } = headAndRest(failure.message);
  return [
    el("p", { class: "message" }, head),
    rest !== "" && el("pre", { class: "log" }, rest),
    failure.where !== undefined && el("p", { class: "soft" }, "at ", el("code", {}, failure.where)),
    (failure.expected !== undefined || failure.actual !== undefined) &&
      el(
        "dl",
        { class: "versus" },
        failure.path !== undefined && el("div", { class: "path" }, el("dt", {}, "Field"), el("dd", {}, el("code", {}, failure.path))),
        failure.expected !== undefined && el("div", {}, el("dt", {}, "Expected"), el("dd", {}, el("pre", {}, failure.expected))),
        failure.actual !== undefined && el("div", { class: "actual" }, el("dt", {}, "Actual"), el("dd", {}, el("pre", {}, failure.actual))),
      ),
    failure.trace.length > 0 &&
      disclosure(
        `Wire trace, ${counted(failure.trace.length, "frame")}`,
        open,
        traceTable(failure.trace.slice(-framesMax), failure.trace.length),
      ),
    failure.serverLog.length > 0 &&
      disclosure(
        `Server log, ${counted(failure.serverLog.length, "line")}`,
        false,
        el("pre", { class: "log" }, failure.serverLog.slice(-logLinesMax).join("\n")),
      ),
  ];
}

function traceTable(frames: readonly TraceFrame[], total: number): Content {
  const cut = total - frames.length;
  return [
    cut > 0 && el("p", { class: "note" }, `${counted(cut, "earlier frame")} left out; results.json has them.`),
    el(
      "div",
      { class: "trace" },
      table(
        "Wire trace, times from the start of the case",
        [{ title: "Time", numeric: true }, { title: "Direction" }, { title: "Connection" }, { title: "Frame" }],
        frames.map((frame) => [
          traceTime(frame.atMs),
          frame.direction === "sent" ? "→ sent" : "← received",
          frame.connection,
          el("code", {}, shortened(frame.text, frameTextMax)),
        ]),
      ),
    ),
  ];
}
