/** Exit codes, fixed and documented in `docs/reports.md`. */
export const exitCodes = { ok: 0, failed: 1, usage: 2, environment: 3, inconclusive: 4, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
