/** Crash campaigns: what was done to the server, what it had acknowledged, what was found afterwards, and how sure that is. */
import type { CampaignResult, CaseResult, LossPicture, Results } from "../../../evidence/results/schema.ts";
import { type CycleStrip, cycleColumns } from "../../charts/cycle-columns.ts";
import { el, type Markup } from "../../markup.ts";
import { counted, integer, milliseconds, percent, placeWords } from "../../wording.ts";
import { disclosure, facts, outcomeTag, reproduce, section, table } from "./elements.ts";
import { pictureFigure, pictureKey } from "./pictures.ts";

/** Cycles drawn for one campaign; all of them stand in its table. */
const picturesMax = 6;

export function durabilitySection(results: Results): Markup | undefined {
  const faulted = results.cases.filter((each) => each.pictures.length > 0);
  if (results.campaigns.length === 0 && faulted.length === 0) {
    return undefined;
  }
  return section(
    "durability",
    "Durability",
    pictureKey(),
    results.campaigns.map((campaign, index) => campaignPart(campaign, `campaign-${index + 1}`)),
    faulted.length > 0 && casesWithFaults(faulted),
  );
}

function campaignPart(campaign: CampaignResult, id: string): Markup {
  const damaged = campaign.pictures.filter((each) => each.lost > 0 || each.undone.length > 0);
  const drawn = (damaged.length > 0 ? damaged : campaign.pictures.slice(0, 1)).slice(0, picturesMax);
  return el(
    "article",
    { class: campaign.outcome === "fail" || campaign.outcome === "error" ? "card bad" : "card", id, "aria-labelledby": `${id}-title` },
    el("p", { class: "tags" }, outcomeTag(campaign.outcome)),
    el("h3", { id: `${id}-title` }, campaign.campaign),
    campaign.reason !== undefined && el("p", { class: "message" }, campaign.reason),
    facts([
      ["Cycles", describeCycles(campaign)],
      ["Acknowledged", integer(campaign.acknowledged)],
      ["Found", integer(campaign.acknowledged - campaign.lost)],
      ["Lost", lossFigure(campaign)],
      ["Other changes undone", campaign.undone > 0 ? el("strong", { class: "tone-bad" }, integer(campaign.undone)) : "0"],
      ["Seed", String(campaign.seed)],
      ["Duration", milliseconds(campaign.durationMs)],
      ["History", campaign.historyFile === undefined ? undefined : el("code", {}, campaign.historyFile)],
    ]),
    el("p", { class: "soft" }, ...sureness(campaign)),
    (campaign.strips?.length ?? 0) > 1 && cyclesFigure(campaign.strips ?? [], campaign.cycles.done, id),
    campaign.witness.length > 0 && witness(campaign.witness),
    campaign.minimal !== undefined && minimal(campaign.minimal),
    drawn.map((picture, index) => pictureFigure(picture, `${id}-p${index}`)),
    campaign.figures !== undefined &&
      Object.keys(campaign.figures).length > 0 &&
      disclosure("What the checks counted", false, figuresTable(campaign.figures)),
    campaign.pictures.length > drawn.length &&
      disclosure(`All ${counted(campaign.pictures.length, "cycle")} as a table`, false, cyclesTable(campaign.pictures)),
    reproduce(campaign.reproduce),
  );
}

function describeCycles(campaign: CampaignResult): string {
  const { planned, done, failed, inconclusive } = campaign.cycles;
  const parts = [
    `${integer(done)} of ${integer(planned)}`,
    failed > 0 && `${integer(failed)} failed`,
    inconclusive > 0 && `${integer(inconclusive)} inconclusive`,
  ];
  return parts.filter((part) => part !== false).join(", ");
}

function lossFigure(campaign: CampaignResult): Markup {
  const share = campaign.acknowledged === 0 ? "" : ` (${percent(campaign.lost / campaign.acknowledged)})`;
  return campaign.lost > 0 ? el("strong", { class: "tone-bad" }, `${integer(campaign.lost)}${share}`) : el("span", {}, "0");
}

function sureness(campaign: CampaignResult): string[] {
  const sentences: string[] = [];
  if (campaign.control !== undefined) {
    const { lost, acknowledged, summary } = campaign.control;
    sentences.push(
      `Control, a server that does not keep what it acknowledges, under the same fault: ${integer(lost)} of ${integer(acknowledged)} lost (${summary}). `,
    );
  }
  if (campaign.skipped !== undefined && campaign.skipped.length > 0) {
    sentences.push(`Left out: ${campaign.skipped.join("; ")}. `);
  }
  if (campaign.bound !== undefined) {
    sentences.push(
      `With no loss in ${counted(campaign.cycles.done, "cycle")}, fewer than ${percent(campaign.bound)} of such faults lose data, at 95 % (rule of three).`,
    );
  }
  return sentences;
}

function witness(lines: readonly string[]): Markup {
  return el("div", { class: "witness" }, el("h4", {}, "The smallest set of operations that shows it"), el("pre", {}, lines.join("\n")));
}

function cyclesFigure(strips: readonly CycleStrip[], done: number, id: string): Markup {
  const some = strips.length < done ? `, the first ${integer(strips.length)} of ${integer(done)}` : "";
  const damaged = strips.filter(({ lost }) => lost > 0);
  const places = Map.groupBy(damaged, ({ place }) => place);
  const told = [...places].map(([place, cycles]) => `${counted(cycles.length, "cycle")}: ${placeWords[place]}`);
  return el(
    "figure",
    { class: "picture" },
    el("figcaption", {}, el("strong", {}, `Every cycle${some}`), el("span", { class: "amount" }, told.join("; "))),
    cycleColumns(strips, `${id}-cycles`),
    el(
      "p",
      { class: "soft" },
      "Height: acknowledged messages. Hatched: lost, at the top what came last, at the foot what came first, a hole between. A mark above: other changes undone, or no answer.",
    ),
  );
}

function minimal({ steps, text, command }: NonNullable<CampaignResult["minimal"]>): Markup {
  return el(
    "div",
    { class: "witness" },
    el("h4", {}, `The failure in ${counted(steps, "step")}, a case file for suites/cases`),
    el("pre", {}, text),
    reproduce(command),
  );
}

function figuresTable(figures: NonNullable<CampaignResult["figures"]>): Markup {
  return table(
    "What the checks counted",
    [
      { title: "Figure" },
      { title: "All cycles", numeric: true },
      { title: "Most in one", numeric: true },
      { title: "Cycles", numeric: true },
    ],
    Object.entries(figures).map(([name, { total, most, cycles }]) => [
      el("code", {}, name),
      integer(total),
      integer(most),
      integer(cycles),
    ]),
  );
}

function cyclesTable(pictures: readonly LossPicture[]): Markup {
  return table(
    "Every cycle, acknowledged against found",
    [
      { title: "Cycle", numeric: true },
      { title: "Acknowledged", numeric: true },
      { title: "Found", numeric: true },
      { title: "Lost", numeric: true },
      { title: "Place" },
      { title: "Undone", numeric: true },
      { title: "Evidence" },
    ],
    pictures.map((picture, index) => [
      integer(index + 1),
      integer(picture.acknowledged),
      integer(picture.acknowledged - picture.lost),
      picture.lost > 0 ? `✕ ${integer(picture.lost)}` : "✓ 0",
      picture.place,
      integer(picture.undone.length),
      picture.evidence,
    ]),
  );
}

/** Failed cases are drawn where they are told; a known failing one is drawn here. */
function casesWithFaults(cases: readonly CaseResult[]): Markup {
  const drawn = cases.filter((each) => each.outcome === "expected-fail").slice(0, picturesMax);
  return el(
    "div",
    {},
    el("h3", {}, "Faults in conformance cases"),
    table(
      "Faults in conformance cases",
      [
        { title: "Case" },
        { title: "Outcome" },
        { title: "Fault" },
        { title: "Acknowledged", numeric: true },
        { title: "Found", numeric: true },
        { title: "Evidence" },
      ],
      cases.flatMap((each) =>
        each.pictures.map((picture) => [
          el("code", {}, each.name),
          outcomeTag(each.outcome),
          picture.fault,
          integer(picture.acknowledged),
          integer(picture.acknowledged - picture.lost),
          picture.evidence,
        ]),
      ),
    ),
    drawn.map((each, index) =>
      disclosure(
        el("span", {}, "Picture of ", el("code", {}, each.name)),
        false,
        each.pictures.map((picture, cycle) => pictureFigure(picture, `case-${index + 1}-p${cycle}`)),
      ),
    ),
  );
}
