/** `results.json`: the results themselves, which every other report is made from. */
export { writeResults as renderJson } from "../../evidence/results/results-file.ts";
