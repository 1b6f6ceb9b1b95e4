/** `docs/bugs.md`: known bugs of the official server as cases, each with the runs that show it. Generated; a test proves it current. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { commitUrl, officialSpec, referenceSpec, threadUrl } from "../../targets/official.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { currentRun, gaps, ledgerRows, type Recorded, type Row, readRecorded, recordedPath, type Side, versionOf } from "./ledger.ts";
import { type NotShown, readNotShown } from "./not-shown.ts";

/** undefined where suites keep no ledger. */
export function bugsMarkdown(catalog: Catalog): string | undefined {
  const path = recordedPath(catalog);
  if (!existsSync(path)) {
    return undefined;
  }
  const recorded = readRecorded(path);
  const rows = ledgerRows(catalog);
  const proven = rows.filter((row) => row.bug.fixed !== "none" && gaps(row, recorded).length === 0);
  const open = rows.filter((row) => row.bug.fixed === "none");
  const mended = rows.filter((row) => row.bug.fixed !== "none");
  const notShown = readNotShown(catalog.directory);
  return `${[
    "# Known bugs",
    "",
    "Generated from `suites/cases/bugs/` and `suites/ledger/`; a test proves it current. `npm run ledger -- [--only PATTERN] [--resume]` builds the",
    `versions, runs every row on them and on the target that comes with the tool (\`${referenceSpec}\`), and records what came of it. A recorded run counts only for the case as it`,
    `stands. One row alone: \`npx streamproof certify CASE --target ${officialSpec("VERSION")}\`.`,
    "",
    `${proven.length} rows, about ${sourcesOf(proven)} threads, are shown by a released version of the official server that fails and one that passes; ${open.length} more fail`,
    `on the newest one. What could not be shown from outside on one server stands at the end, with what was tried.`,
    "",
    "## Mended",
    "",
    ...table(mended, recorded, ["affected", "fixed", "reference"], catalog),
    "",
    "## Open in the newest version",
    "",
    ...table(open, recorded, ["affected", "reference"], catalog),
    "",
    "## Not shown",
    "",
    "| threads | what must hold | what was tried |",
    "|---|---|---|",
    ...notShown.map(notShownRow),
  ].join("\n")}\n`;
}

/** Several rows may show sides of one bug. */
function sourcesOf(rows: readonly Row[]): number {
  return new Set(rows.map(({ bug }) => bug.threads.at(-1) ?? bug.commit)).size;
}

const headings: Readonly<Record<Side, string>> = { affected: "fails", fixed: "passes", reference: `\`${referenceSpec}\`` };

function table(rows: readonly Row[], recorded: Recorded, shown: readonly Side[], catalog: Catalog): string[] {
  const bySuite = Map.groupBy(rows, ({ each }) => each.suite);
  const heads = shown.map((side) => headings[side]);
  return [
    `| what must hold | threads | ${heads.join(" | ")} |`,
    `|---|---|${shown.map(() => "---|").join("")}`,
    ...[...bySuite].flatMap(([, inSuite]) => inSuite.map((row) => rowMarkdown(row, recorded, shown, catalog))),
  ];
}

function rowMarkdown(row: Row, recorded: Recorded, shown: readonly Side[], catalog: Catalog): string {
  const [file = ""] = row.each.place.split(":");
  const link = file.startsWith("suites/") ? `../${file}` : join(catalog.directory, file);
  const cells = shown.map((side) => cell(row, side, recorded));
  return `| [${inTable(row.each.title)}](${link})<br>\`${row.each.name}\` | ${threads(row.bug)} | ${cells.join(" | ")} |`;
}

function cell(row: Row, side: Side, recorded: Recorded): string {
  const run = currentRun(row, side, recorded);
  const version = versionOf(row, side);
  const title = version === undefined ? "" : `**${version}** `;
  if (run === undefined) {
    return `${title}not run yet`;
  }
  const wanted = side === "affected" ? "fail" : "pass";
  const found = run.outcome === wanted ? "" : `**${run.outcome}** `;
  const how = run.message === undefined ? (run.outcome === "pass" ? "passes" : "") : `\`${inTable(run.message).replaceAll("`", "'")}\``;
  return `${title}${found}${how}`;
}

function notShownRow({ threads: numbers, holds, tried }: NotShown): string {
  return `| ${threads({ threads: numbers })} | ${inTable(holds)} | ${inTable(tried)} |`;
}

function threads({ threads: numbers, commit }: { threads: readonly number[]; commit?: string | undefined }): string {
  const links = numbers.map((each) => `[#${each}](${threadUrl(each)})`);
  return [...links, ...(commit === undefined ? [] : [`[${commit.slice(0, 9)}](${commitUrl(commit)})`])].join(" ");
}

function inTable(text: string): string {
  return text.replaceAll("|", String.raw`\|`).replaceAll(/\s+/g, " ").trim();
}
