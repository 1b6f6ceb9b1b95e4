/** Puts mistakes into source files while they load. The shipped code holds no switch for it. */
import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import { type Replacement, root } from "./mutant.ts";

/** A text that is not found exactly once ends the process: a mutant that is none would make its catcher look blind. */
export function replaceWhileLoading(name: string, replace: readonly Replacement[]): void {
  const wanted = Map.groupBy(replace, ({ file }) => `${root}${file}`);
  registerHooks({
    load(url, context, nextLoad) {
      const path = url.startsWith("file:") ? fileURLToPath(url) : url;
      const here = wanted.get(path);
      if (here === undefined) {
        return nextLoad(url, context);
      }
      const source = here.reduce((text, each) => replaced(name, text, each), readFileSync(path, "utf8"));
      return { format: "module-typescript", source, shortCircuit: true };
    },
  });
}

function replaced(name: string, source: string, { file, find, mistake }: Replacement): string {
  if (occurrences(source, find) !== 1) {
    refuse(`${name}: the text to replace is not found exactly once in ${file}`);
  }
  return source.replace(find, () => mistake);
}

export function occurrences(source: string, text: string): number {
  return source.split(text).length - 1;
}

export function refuse(says: string): never {
  process.stderr.write(`${says}\n`);
  process.exit(2);
}
