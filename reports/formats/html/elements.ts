/** The few building blocks that every section of the page is made of. */

import type { Outcome } from "../../../evidence/results/schema.ts";
import { type Content, el, type Markup } from "../../markup.ts";
import { type OutcomeWords, outcomeWords } from "../../wording.ts";

/** Mark and word together: never colour alone. */
export function tag(words: OutcomeWords, label = words.label): Markup {
  return el("span", { class: `tag tone-${words.tone}` }, el("span", { class: "mark", "aria-hidden": "true" }, words.mark), ` ${label}`);
}

export function outcomeTag(outcome: Outcome): Markup {
  return tag(outcomeWords[outcome]);
}

export function section(id: string, title: string, ...content: Content[]): Markup {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...content);
}

/** Facts in two columns; those without a value are left out. */
export function facts(entries: readonly (readonly [name: string, value: Content | undefined])[]): Markup {
  const present = entries.filter(([, value]) => value !== undefined && value !== "");
  return el(
    "dl",
    { class: "facts" },
    present.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

export interface TableColumn {
  readonly title: string;
  /** Figures stand to the right, in figures of one width. */
  readonly numeric?: boolean;
}

/** The first cell of each row is its header. `caption` is read out, not shown: a heading stands above. */
export function table(caption: string, columns: readonly TableColumn[], rows: readonly (readonly Content[])[]): Markup {
  const kind = (index: number): string | undefined => (columns[index]?.numeric === true ? "number" : undefined);
  return el(
    "div",
    { class: "scroll", role: "region", "aria-label": caption, tabindex: 0 },
    el(
      "table",
      {},
      el("caption", {}, caption),
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns.map((column, index) => el("th", { scope: "col", class: kind(index) }, column.title)),
        ),
      ),
      el(
        "tbody",
        {},
        rows.map((row) =>
          el(
            "tr",
            {},
            row.map((cell, index) =>
              index === 0 ? el("th", { scope: "row", class: kind(0) }, cell) : el("td", { class: kind(index) }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}

export function disclosure(summary: Content, open: boolean, ...content: Content[]): Markup {
  return el("details", { open }, el("summary", {}, summary), ...content);
}

export function command(text: string): Markup {
  return el("pre", { class: "command" }, el("code", {}, text));
}

export function reproduce(text: string): Markup {
  return el("div", { class: "reproduce" }, el("h4", {}, "Reproduce"), command(text));
}
