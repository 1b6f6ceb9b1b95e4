/**
 * API errors as they stand on the wire (ADR-1, "Error Response"). Protocol errors are values: a handler returns one, nothing throws one.
 * The catalogue of all of them is `error-catalogue.ts`.
 */
import type { ApiError } from "./error-catalogue.ts";

export { type ApiError, apiErrors } from "./error-catalogue.ts";

/** Puts values into the `{name}` places of a catalogue description: `filled(apiErrors.streamInvalidConfig, { err: "…" })`. */
export function filled(error: ApiError, values: Readonly<Record<string, string | number | bigint>>): ApiError {
  const description = error.description.replaceAll(/\{(\w+)\}/g, (place, name: string) => String(values[name] ?? place));
  return { code: error.code, err_code: error.err_code, description };
}

/** The commonest form: the whole description, or its tail, is the text of an inner error (`{err}`). */
export function because(error: ApiError, err: string): ApiError {
  return filled(error, { err });
}

export function isApiError(value: unknown): value is ApiError {
  return typeof value === "object" && value !== null && "err_code" in value;
}
