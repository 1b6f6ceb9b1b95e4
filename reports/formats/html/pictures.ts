/** One fault as a figure: the strip of what was kept and lost, the same in words, and the same again as a table. */

import type { LossPicture } from "../../../evidence/results/schema.ts";
import { describeLoss, lossStrip } from "../../charts/loss-strip.ts";
import { el, type Markup } from "../../markup.ts";
import { counted, integer } from "../../wording.ts";
import { disclosure, table } from "./elements.ts";

const runsMax = 40;
const undoneMax = 12;

export function pictureFigure(picture: LossPicture, id: string): Markup {
  const found = picture.acknowledged - picture.lost;
  return el(
    "figure",
    { class: "picture" },
    el(
      "figcaption",
      {},
      el("strong", {}, picture.title),
      el(
        "span",
        { class: picture.lost > 0 ? "amount tone-bad" : "amount tone-good" },
        `${picture.lost > 0 ? "✕" : "✓"} ${describeLoss(picture)}`,
      ),
    ),
    picture.acknowledged > 0 && lossStrip(picture, id),
    picture.acknowledged > 0 &&
      el("p", { class: "scale", "aria-hidden": "true" }, el("span", {}, "first acknowledged"), el("span", {}, "last acknowledged")),
    el("p", { class: "soft" }, `Fault: ${picture.fault}. Evidence: ${picture.evidence}.`),
    picture.undone.length > 0 && undoneList(picture.undone),
    picture.lost > 0 &&
      disclosure(
        `The picture as a table: ${integer(picture.acknowledged)} acknowledged, ${integer(found)} found`,
        false,
        runsTable(picture),
      ),
  );
}

function undoneList(undone: readonly string[]): Markup {
  const rest = undone.length - undoneMax;
  return el(
    "div",
    { class: "undone" },
    el("p", {}, el("strong", { class: "tone-bad" }, "✕ Other acknowledged changes undone")),
    el(
      "ul",
      {},
      undone.slice(0, undoneMax).map((each) => el("li", {}, each)),
      rest > 0 && el("li", {}, `and ${integer(rest)} more, in results.json`),
    ),
  );
}

function runsTable(picture: LossPicture): Markup {
  let from = 1;
  const rows = picture.runs.map(([kept, length]) => {
    const row = [`${integer(from)} to ${integer(from + length - 1)}`, integer(length), kept ? "✓ kept" : "✕ lost"];
    from += length;
    return row;
  });
  const rest = rows.length - runsMax;
  return el(
    "div",
    {},
    table(
      "Acknowledged publishes in order, with their fate",
      [{ title: "Acknowledged" }, { title: "Messages", numeric: true }, { title: "After the fault" }],
      rows.slice(0, runsMax),
    ),
    rest > 0 && el("p", { class: "note" }, `${counted(rest, "more stretch", "more stretches")} in results.json.`),
  );
}

/** The drawing's key, once a section. */
export function pictureKey(): Markup {
  return el(
    "p",
    { class: "key" },
    el("span", { class: "swatch kept-swatch", "aria-hidden": "true" }),
    "kept, solid ",
    el("span", { class: "swatch lost-swatch", "aria-hidden": "true" }),
    "lost, hatched. Left to right: the order of acknowledgement.",
  );
}
