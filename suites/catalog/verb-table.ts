/** The verb table of `suites/README.md`, from the verbs themselves. */
import { z } from "zod";
import { vocabulary } from "../verbs/vocabulary.ts";
import { recordOf } from "./record.ts";

/** Configurations have more fields than a table holds; they are those of the API. */
const fieldsMax = 20;

export function verbTable(): string {
  const rows = [...vocabulary]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, about, fields, reply }) => {
      const shape = z.toJSONSchema(fields, { io: "input", unrepresentable: "any" });
      const required = new Set(shape.required ?? []);
      const all = Object.keys(recordOf(shape.properties));
      const names =
        all.length > fieldsMax
          ? all.filter((field) => required.has(field) || ["name", "action", "storage", "subjects"].includes(field))
          : all;
      const listed = names.map((field) => (required.has(field) ? `**${field}**` : field)).join(", ");
      return `| \`${name}\` | ${about} | ${names.length < all.length ? `${listed}, …` : listed} | ${reply.replaceAll("|", "\\|")} |`;
    });
  return ["| verb | does | fields (**required**) | reply |", "|---|---|---|---|", ...rows].join("\n");
}
