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

const replacements = new Map(liar.replace.map((each) => [`${root}${each.file}`, each]));

registerHooks({
  load(url, context, nextLoad) {
    const path = url.startsWith("file:") ? fileURLToPath(url) : url;
    const replacement = replacements.get(path);
    if (replacement === undefined) {
      return nextLoad(url, context);
    }
    const source = readFileSync(path, "utf8");
    if (source.split(replacement.find).length !== 2) {
      refuse(`liar ${liar.id}: the text to replace is not found exactly once in ${replacement.file}`);
    }
    const lie = source.replace(replacement.find, () => replacement.lie);
    return { format: "module-typescript", source: lie, shortCircuit: true };
  },
});

function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
