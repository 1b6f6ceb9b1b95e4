/** Writes `load-profile.v1.json`. Run `node load/schema/generate.ts` after a change of the schema; a test proves the file current. */
import { writeFileSync } from "node:fs";
import { profileJsonSchema } from "./profile.ts";

writeFileSync(new URL("load-profile.v1.json", import.meta.url), `${JSON.stringify(profileJsonSchema(), undefined, 2)}\n`);
