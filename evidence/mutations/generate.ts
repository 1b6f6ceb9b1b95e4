/** `node evidence/mutations/generate.ts` writes the tables of docs/checks.md anew. */
import { readFileSync, writeFileSync } from "node:fs";
import { withGeneratedPart } from "./mutation-table.ts";

const page = new URL("../../docs/checks.md", import.meta.url);
writeFileSync(page, withGeneratedPart(readFileSync(page, "utf8")));
