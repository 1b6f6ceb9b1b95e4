/**
 * Preloaded into a server's process (`node --import …/register.ts reference/main.ts`): makes it the mutant that STREAMPROOF_MUTANT names.
 * `none` is the server as it is, so that a catcher can be shown to pass by the same way.
 */
import { mutants } from "./mutants.ts";
import { refuse, replaceWhileLoading } from "./replacement.ts";

const id = process.env["STREAMPROOF_MUTANT"];
if (id !== "none") {
  const mutant = mutants.find((each) => each.id === id) ?? refuse(`STREAMPROOF_MUTANT names no mutant: ${String(id)}`);
  replaceWhileLoading(mutant.id, mutant.replace);
}
