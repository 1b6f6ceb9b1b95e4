/**
 * Preloaded into a child process (`node --import …/register.ts reference/main.ts`): replaces one piece of source text while the server's
 * modules load, so that the shipped code holds no switch. Which liar is told comes from STREAMPROOF_LIAR. A text that is not found
 * exactly once ends the process: a liar that tells the truth would make the suites look blind.
 */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { liars, root } from "./liars.ts";

const id = process.env["STREAMPROOF_LIAR"];
const liar = liars.find((each) => each.id === id) ?? refuse(`STREAMPROOF_LIAR names no liar: ${String(id)}`);

const replacements = Map.groupBy(liar.replace, ({ file }) => `${root}${file}`);

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith("file:") ? fileURLToPath(url) : url;
    const wanted = replacements.get(path);
    if (wanted === undefined) {
      return nextLoad(url, context);
    }
    const lie = wanted.reduce(
      (source, { file, find, lie: text }) => {
        if (source.split(find).length !== 2) {
          refuse(`liar ${liar.id}: the text to replace is not found exactly once in ${file}`);
        }
        return source.replace(find, () => text);
      },
      readFileSync(path, "utf8"),
    );
    return { format: "module-typescript", source: lie, shortCircuit: true };
  },
});

function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
