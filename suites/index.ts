/** The suites' entry points, for `api/` and for anyone who runs cases from code. */
export { type Catalog, loadCatalog, suitesDirectory } from "./catalog/catalog.ts";
export { coverageMarkdown } from "./catalog/coverage.ts";
export { lintCatalog } from "./catalog/lint.ts";
export { type CaseListing, type Explanation, explain, listCases } from "./catalog/listing.ts";
export type { Case } from "./catalog/matrix.ts";
export { CatalogError, type CatalogErrorCode, describe, type Problem } from "./catalog/problem.ts";
export { profileOf, type Selection, selectCases } from "./catalog/selection.ts";
export { suitesVersion } from "./catalog/version.ts";
export { type CampaignEvent, type RunCampaignOptions, runCampaign } from "./runner/campaign.ts";
export { CampaignChanged, CampaignState } from "./runner/campaign-state.ts";
export { type RunCasesOptions, type RunCasesResult, type RunEvent, reproduceCommand, runCases } from "./runner/run-cases.ts";
