/** `node suites/generate.ts` writes every generated file anew: JSON Schemas, the verb table, docs/coverage.md, docs/bugs.md. */
import { loadCatalog } from "./catalog/catalog.ts";
import { writeGenerated } from "./catalog/generated.ts";

writeGenerated(loadCatalog());
