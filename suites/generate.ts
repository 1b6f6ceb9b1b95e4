/** `node suites/generate.ts` writes every generated file anew: JSON Schemas, the verb table, docs/coverage.md. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { loadCatalog } from "./catalog/catalog.ts";
import { generatedFiles } from "./catalog/generated.ts";

for (const [path, text] of generatedFiles(loadCatalog())) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
