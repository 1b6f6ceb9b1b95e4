/**
 * The picture of what a fault kept and took: one strip, acknowledged messages from first to last. Kept is a solid full-height bar, lost a hatched
 * lower one, so that the picture reads without colour. More messages than columns are gathered: a column shows the share of it that was kept.
 */
import { scaleLinear } from "d3-scale";
import type { LossPicture } from "../../evidence/results/schema.ts";
import { el, type Markup } from "../markup.ts";
import { integer, placeWords } from "../wording.ts";

const width = 720;
const height = 34;
const columnsMax = 240;
/** One message lost among thousands must still be seen. */
const lossWidthMin = 3;

export interface StripColumn {
  /** First and one past the last position, in acknowledgement order. */
  readonly from: number;
  readonly to: number;
  /** 0 to 1. */
  readonly kept: number;
}

export function lossStrip(picture: LossPicture, id: string): Markup {
  const columns = mergeEqual(gatherColumns(picture));
  const x = scaleLinear([0, Math.max(1, picture.acknowledged)], [0, width]);
  const title = `${picture.title}: ${describeLoss(picture)}`;
  return el(
    "svg",
    {
      class: "strip",
      viewBox: `0 0 ${width} ${height}`,
      role: "img",
      "aria-labelledby": `${id}-t ${id}-d`,
      preserveAspectRatio: "none",
      "shape-rendering": "crispEdges",
    },
    el("title", { id: `${id}-t` }, title),
    el("desc", { id: `${id}-d` }, describeColumns(picture, columns)),
    el(
      "defs",
      {},
      el(
        "pattern",
        { id: `${id}-h`, width: 5, height: 5, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        el("rect", { class: "lost-ground", width: 5, height: 5 }),
        el("rect", { class: "lost-line", width: 2.2, height: 5 }),
      ),
    ),
    // Losses are drawn last, over the kept ones beside them.
    columns
      .toSorted((a, b) => b.kept - a.kept)
      .map((column) => drawColumn(column, { left: x(column.from), right: x(column.to), pattern: `url(#${id}-h)` })),
    el("line", { class: "strip-base", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
  );
}

export function describeLoss(picture: LossPicture): string {
  if (picture.lost === 0) {
    return `all ${integer(picture.acknowledged)} acknowledged kept`;
  }
  return `${integer(picture.lost)} of ${integer(picture.acknowledged)} acknowledged lost, ${placeWords[picture.place]}`;
}

/** Which positions were kept and lost, in words; at most a few dozen stretches. */
function describeColumns(picture: LossPicture, columns: readonly StripColumn[]): string {
  const told = columns.slice(0, 24).map((column) => {
    const fate = column.kept === 1 ? "kept" : column.kept === 0 ? "lost" : `${Math.round(column.kept * 100)} % kept`;
    return `${integer(column.from + 1)} to ${integer(column.to)} ${fate}`;
  });
  const rest = columns.length - told.length;
  const text = told.join("; ") || "nothing was acknowledged";
  return `In the order of acknowledgement: ${text}${rest > 0 ? `; and ${rest} more stretches` : ""}. Fault: ${picture.fault}.`;
}

function drawColumn(column: StripColumn, place: { left: number; right: number; pattern: string }): Markup {
  const { pattern } = place;
  const columnWidth = Math.max(column.kept < 1 ? lossWidthMin : 0.6, place.right - place.left);
  const left = Math.min(place.left, width - columnWidth);
  const keptHeight = (height - 4) * column.kept;
  const lostHeight = (height - 4) * (1 - column.kept);
  return el(
    "g",
    {},
    column.kept > 0 &&
      el("rect", {
        class: "kept",
        x: fixed(left),
        y: fixed(height - 1 - keptHeight),
        width: fixed(columnWidth),
        height: fixed(keptHeight),
      }),
    column.kept < 1 && el("rect", { fill: pattern, x: fixed(left), y: 3, width: fixed(columnWidth), height: fixed(lostHeight) }),
  );
}

/** Cuts the runs into at most `columnsMax` equal columns; exact runs when there are fewer. */
export function gatherColumns(picture: LossPicture): StripColumn[] {
  const total = picture.runs.reduce((sum, [, length]) => sum + length, 0);
  if (picture.runs.length <= columnsMax) {
    let from = 0;
    return picture.runs.map(([kept, length]) => {
      const column = { from, to: from + length, kept: kept ? 1 : 0 };
      from = column.to;
      return column;
    });
  }
  const perColumn = Math.ceil(total / columnsMax);
  const keptIn = new Float64Array(Math.ceil(total / perColumn));
  let position = 0;
  for (const [kept, length] of picture.runs) {
    for (let left = length; left > 0; ) {
      const column = Math.floor(position / perColumn);
      const step = Math.min(left, (column + 1) * perColumn - position);
      keptIn[column] = (keptIn[column] ?? 0) + (kept ? step : 0);
      position += step;
      left -= step;
    }
  }
  return [...keptIn].map((kept, index) => {
    const from = index * perColumn;
    const to = Math.min(total, from + perColumn);
    return { from, to, kept: kept / (to - from) };
  });
}

function mergeEqual(columns: readonly StripColumn[]): StripColumn[] {
  const merged: StripColumn[] = [];
  for (const column of columns) {
    const last = merged.at(-1);
    if (last !== undefined && last.kept === column.kept) {
      merged[merged.length - 1] = { ...last, to: column.to };
    } else {
      merged.push(column);
    }
  }
  return merged;
}

function fixed(value: number): string {
  return value.toFixed(1);
}
