/**
 * The version of the suites, apart from the tool's: a new case raises the minor part, a tightened `expect` the major one, a mended text the patch.
 * A certificate names it.
 */
export const suitesVersion = "0.1.0";
