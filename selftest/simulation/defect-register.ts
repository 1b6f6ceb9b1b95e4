/** Preloaded into a child (`node --import …/defect-register.ts …/main.ts`): puts the defect that STREAMPROOF_DEFECT names into the reference. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { defects, root } from "./defects.ts";

const id = process.env["STREAMPROOF_DEFECT"];
const defect = defects.find((each) => each.id === id) ?? refuse(`STREAMPROOF_DEFECT names no defect: ${String(id)}`);

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith("file:") ? fileURLToPath(url) : url;
    if (path !== `${root}${defect.file}`) {
      return nextLoad(url, context);
    }
    const source = readFileSync(path, "utf8");
    if (source.split(defect.find).length !== 2) {
      refuse(`defect ${defect.id}: the text to replace is not found exactly once in ${defect.file}`);
    }
    return { format: "module-typescript", source: source.replace(defect.find, () => defect.mistake), shortCircuit: true };
  },
});

function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
