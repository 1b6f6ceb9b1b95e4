/**
 * A campaign at one look: a column for each cycle, as high as what was acknowledged in it. Lost is hatched, where it was lost: at the top what came last (a
 * suffix), at the foot what came first (a prefix), between them a hole. A cycle that failed without losing a message bears a mark above it.
 */
import { scaleLinear } from "d3-scale";
import type { CampaignResult } from "../../evidence/results/schema.ts";
import { el, type Markup } from "../markup.ts";
import { counted, integer, placeWords } from "../wording.ts";

export type CycleStrip = NonNullable<CampaignResult["strips"]>[number];

const width = 720;
const height = 110;
const markRoom = 14;
const columnMax = 18;
/** What was lost must be seen beside thousands that were kept. */
const lostHeightMin = 3;

export function cycleColumns(strips: readonly CycleStrip[], id: string): Markup {
  const step = Math.min(columnMax, width / Math.max(1, strips.length));
  const y = scaleLinear([0, Math.max(1, ...strips.map((each) => each.acknowledged))], [0, height - markRoom - 2]);
  const pattern = `${id}-h`;
  return el(
    "svg",
    {
      class: "cycles",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-labelledby": `${id}-t ${id}-d`,
      preserveAspectRatio: "none",
      "shape-rendering": "crispEdges",
    },
    el("title", { id: `${id}-t` }, `${counted(strips.length, "cycle")}: acknowledged against kept`),
    el("desc", { id: `${id}-d` }, describeStrips(strips)),
    el(
      "defs",
      {},
      el(
        "pattern",
        { id: pattern, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        el("rect", { class: "lost-ground", width: 5, height: 5 }),
        el("rect", { class: "lost-line", width: 2.2, height: 5 }),
      ),
    ),
    strips.map((strip, index) => column(strip, { left: index * step, step, total: y(strip.acknowledged), fill: `url(#${pattern})` })),
    el("line", { class: "strip-base", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
  );
}

function column(strip: CycleStrip, { left, step, total, fill }: { left: number; step: number; total: number; fill: string }): Markup {
  const columnWidth = Math.max(0.6, step * 0.8);
  const share = strip.acknowledged === 0 ? 0 : strip.lost / strip.acknowledged;
  const lost = strip.lost === 0 ? 0 : Math.min(total, Math.max(lostHeightMin, total * share));
  const foot = height - 1;
  const from = foot - lostFrom(strip.place, { total, lost });
  const place = { x: left.toFixed(1), width: columnWidth.toFixed(1) };
  const failed = strip.outcome !== "pass" && strip.lost === 0;
  return el(
    "g",
    {},
    el("rect", { class: "kept", ...place, y: (foot - total).toFixed(1), height: Math.max(0.5, total).toFixed(1) }),
    lost > 0 && el("rect", { class: "column-ground", ...place, y: (from - lost).toFixed(1), height: lost.toFixed(1) }),
    lost > 0 && el("rect", { fill, ...place, y: (from - lost).toFixed(1), height: lost.toFixed(1) }),
    failed && el("rect", { class: "lost-line", ...place, y: (foot - total - markRoom + 4).toFixed(1), height: 6 }),
  );
}

/** How far above the foot the lost part begins. */
function lostFrom(place: CycleStrip["place"], { total, lost }: { total: number; lost: number }): number {
  if (place === "suffix") {
    return total - lost;
  }
  return place === "hole" ? (total - lost) / 2 : 0;
}

function describeStrips(strips: readonly CycleStrip[]): string {
  const damaged = strips.filter((each) => each.lost > 0);
  const failed = strips.filter((each) => each.outcome !== "pass" && each.lost === 0);
  const told = damaged.slice(0, 24).map((each) => {
    return `cycle ${each.cycle} lost ${integer(each.lost)} of ${integer(each.acknowledged)}, ${placeWords[each.place]}`;
  });
  const rest = damaged.length > told.length ? `; and ${damaged.length - told.length} more` : "";
  const others = failed.length > 0 ? ` ${counted(failed.length, "cycle")} failed without losing a message.` : "";
  return `${damaged.length === 0 ? "No cycle lost a message" : `${told.join("; ")}${rest}`}.${others}`;
}
