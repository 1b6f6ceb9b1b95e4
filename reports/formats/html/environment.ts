/** Where it ran and how to run it again. */
import type { Results } from "../../../evidence/results/schema.ts";
import { el, type Markup } from "../../markup.ts";
import { command, facts, section } from "./elements.ts";

export function environmentSection(results: Results): Markup {
  const { target } = results;
  const missing = Object.entries(target.missing);
  return section(
    "environment",
    "Environment",
    el("h3", {}, "Run it again"),
    command(results.command),
    el("h3", {}, "Target"),
    facts([
      ["Name", target.name],
      ["Key", el("code", {}, target.key)],
      ["Server", `${target.server.name} ${target.server.version}`],
      ...Object.entries(target.settings).map(([key, value]) => [key, value] as const),
      ["Capabilities", target.capabilities.join(", ")],
    ]),
    missing.length > 0 && [
      el("h3", {}, "What this target or machine could not do"),
      facts(missing.map(([capability, why]) => [capability, why] as const)),
    ],
    Object.keys(results.environment).length > 0 && [el("h3", {}, "Machine"), facts(Object.entries(results.environment))],
  );
}
