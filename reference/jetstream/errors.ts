/** An API error as it stands on the wire (ADR-1, section "Error Response"). The catalogue of all of them is below. */
export interface ApiError {
  /** HTTP-like class. */
  readonly code: number;
  readonly err_code: number;
  readonly description: string;
}
