/** `docs/coverage.md`: which feature rows have requirements, and which cases show them. Generated; a test proves it current. */
import type { Catalog } from "./catalog.ts";
import { basisText, basisUrl, type Requirement } from "./requirement-file.ts";

export function coverageMarkdown(catalog: Catalog): string {
  const requirements = [...catalog.requirements.values()].filter((each) => each.retired === undefined);
  const covered = catalog.features.filter((feature) => requirements.some((each) => each.feature === feature.row));
  const musts = requirements.filter((each) => each.level === "must").length;
  return `${[
    "# Coverage",
    "",
    "Generated from `suites/` by `node suites/generate.ts`; a test proves it current.",
    "",
    `${catalog.cases.length} cases show ${requirements.length} requirements, ${musts} of them \`must\`, in ${covered.length} of ${catalog.features.length} feature rows.`,
    "",
    "## Features",
    "",
    "| row | feature | area | requirements | cases |",
    "|--:|---|---|--:|--:|",
    ...[...catalog.features]
      .sort((a, b) => a.row - b.row)
      .map(({ row, feature, area, scope }) => {
        const own = requirements.filter((each) => each.feature === row);
        const cases = catalog.cases.filter((each) => each.checks.some((id) => own.some((requirement) => requirement.id === id)));
        return scope === "later"
          ? `| ${row} | ${feature} | ${area} | later | |`
          : `| ${row} | ${feature} | ${area} | ${own.length} | ${cases.length} |`;
      }),
    "",
    "## Requirements",
    "",
    "| requirement | level | row | says | source | shown by |",
    "|---|---|--:|---|---|---|",
    ...[...requirements].sort((a, b) => (a.id < b.id ? -1 : 1)).map((each) => requirementRow(each, catalog)),
  ].join("\n")}\n`;
}

function requirementRow(requirement: Requirement, catalog: Catalog): string {
  const { id, level, feature, says } = requirement;
  const url = basisUrl(requirement);
  const source = url === undefined ? basisText(requirement) : `[${basisText(requirement)}](${url})`;
  const shown = new Set(
    catalog.cases
      .filter((each) => each.checks.includes(id))
      .map((each) => `${each.suite}/…/${each.id}`.replace("/…/", each.name.split("/").length > 2 ? "/*/" : "/")),
  );
  return `| \`${id}\` | ${level} | ${feature} | ${says} | ${source} | ${[...shown].map((name) => `\`${name}\``).join("<br>")} |`;
}
