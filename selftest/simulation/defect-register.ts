/** Preloaded into a child (`node --import …/defect-register.ts …/main.ts`): puts the defect that STREAMPROOF_DEFECT names into the reference. */
import { refuse, replaceWhileLoading } from "../mutants/replacement.ts";
import { defects } from "./defects.ts";

const id = process.env["STREAMPROOF_DEFECT"];
const defect = defects.find((each) => each.id === id) ?? refuse(`STREAMPROOF_DEFECT names no defect: ${String(id)}`);

replaceWhileLoading(defect.id, [defect]);
