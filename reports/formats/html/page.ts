/**
 * `report.html`: one file that can be mailed. No script, no network, no image; the policy in its head forbids all of them, so that hostile text
 * from a server stays text even if an escape were missed.
 */
import { renderToString } from "preact-render-to-string";
import type { VerdictOptions } from "../../../evidence/results/overall-verdict.ts";
import { contentHash } from "../../../evidence/results/results-file.ts";
import type { Results } from "../../../evidence/results/schema.ts";
import { headlineOf } from "../../headline.ts";
import { el, type Markup } from "../../markup.ts";
import { visibleResults } from "../../visible-text.ts";
import { banner, countsSection } from "./banner.ts";
import { allCasesSection, knownFailingSection, unjudgedSection } from "./cases.ts";
import { durabilitySection } from "./durability.ts";
import { environmentSection } from "./environment.ts";
import { failuresSection } from "./failures.ts";
import { loadsSection } from "./loads.ts";
import { requirementsSection } from "./requirements.ts";
import { pageStyle } from "./style.ts";

const policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

export function renderHtml(results: Results, options: VerdictOptions = {}): string {
  const hash = contentHash(results);
  return `<!doctype html>\n${renderToString(page(visibleResults(results), { options, hash }))}\n`;
}

function page(results: Results, about: { options: VerdictOptions; hash: string }): Markup {
  const headline = headlineOf(results, about.options);
  const { server } = results.target;
  const sections = [
    ["counts", "Cases", countsSection(results, headline)],
    ["failures", "Failures", failuresSection(results, about.options.strict === true)],
    ["durability", "Durability", durabilitySection(results)],
    ["performance", "Performance", loadsSection(results)],
    ["requirements", "Requirements", requirementsSection(results)],
    ["known-failing", "Known failing", knownFailingSection(results)],
    ["not-judged", "Not judged", unjudgedSection(results)],
    ["all-cases", "All cases", allCasesSection(results)],
    ["environment", "Environment", environmentSection(results)],
  ] as const;
  const present = sections.filter(([, , content]) => content !== undefined);
  return el(
    "html",
    { lang: "en" },
    el(
      "head",
      {},
      el("meta", { charset: "utf-8" }),
      el("meta", { "http-equiv": "Content-Security-Policy", content: policy }),
      el("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }),
      el("meta", { name: "color-scheme", content: "light dark" }),
      el("title", {}, `${headline.mark} ${headline.word}: ${server.name} ${server.version} · streamproof`),
      el("style", {}, pageStyle),
    ),
    el(
      "body",
      {},
      banner(results, headline, about.hash),
      el(
        "nav",
        { "aria-label": "Sections" },
        el(
          "ul",
          {},
          present.map(([id, title]) => el("li", {}, el("a", { href: `#${id}` }, title))),
        ),
      ),
      el(
        "main",
        {},
        present.map(([, , content]) => content),
      ),
      el(
        "footer",
        {},
        el("p", {}, `Made by ${results.tool.name} ${results.tool.version}. Not an official certification of the NATS project.`),
        el("p", {}, "The hash above is that of results.json beside this page; everything here can be made again from it."),
      ),
    ),
  );
}
