/** Whose fault an error is: the caller's (wrong usage), the environment's (target missing or broken), or ours. Tested by code, never by message. */
import { ResultsError } from "../evidence/results/results-file.ts";
import { LoadError } from "../load/load-error.ts";
import { CampaignChanged, CatalogError } from "../suites/index.ts";
import { TargetError, type TargetErrorCode } from "../targets/target.ts";

export type ErrorClass = "usage" | "environment" | "internal";

const usageCodes = new Set<TargetErrorCode>(["TARGET_UNKNOWN", "TARGET_FILE_INVALID", "TARGET_SETTING_UNKNOWN"]);

export function classifyError(error: unknown): ErrorClass {
  if (error instanceof TargetError) {
    return usageCodes.has(error.code) ? "usage" : "environment";
  }
  const isUsage =
    error instanceof CatalogError || error instanceof CampaignChanged || error instanceof LoadError || error instanceof ResultsError;
  return isUsage ? "usage" : "internal";
}
