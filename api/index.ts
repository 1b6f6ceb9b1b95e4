/**
 * streamproof as a library: certify, crash and load as functions, their results as data, and the files that people and CI systems read.
 * Nothing here prints, exits or reads argv.
 */
export { failsRun, verdictOf } from "../evidence/results/overall-verdict.ts";
export { resultsJsonSchema } from "../evidence/results/results-file.ts";
export type {
  CampaignResult,
  CaseResult,
  Comparison,
  Level,
  LoadBlock,
  LoadResult,
  Outcome,
  RequirementResult,
  Results,
} from "../evidence/results/schema.ts";
export { type ConsolePalette, renderConsole } from "../reports/render.ts";
export { describe as describeProblem } from "../suites/index.ts";
export { disposeAll } from "../targets/live.ts";
export { catalogue, explainName } from "./catalogue.ts";
export { type ConformanceOptions, runConformance } from "./conformance.ts";
export { type CrashEvent, type CrashOptions, runCrash } from "./crash.ts";
export { type DoctorReport, examineMachine, removeLeftBehind } from "./doctor.ts";
export { classifyError, type ErrorClass } from "./error-class.ts";
export { type LoadPolicy, type LoadRunEvent, type LoadRunOptions, runLoad } from "./load.ts";
export { readResults, writeReports } from "./output.ts";
export { serverCommand, storeToolCommand } from "./server-command.ts";
export { toolVersion } from "./version.ts";
