/**
 * API errors as they stand on the wire (ADR-1, "Error Response"). Protocol errors are values: a handler returns one, nothing throws one.
 * The catalogue of all of them is `error-catalogue.ts`.
 */
import { type ApiError, apiErrors } from "./error-catalogue.ts";

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

/** Ours: the official server answers as if the message had never been stored. */
export function messageLost(sequence: number | bigint | string): ApiError {
  return because(apiErrors.streamGeneral, `message ${sequence} is damaged and can not be read`);
}

/** Ours: the lost message may be the last on the subject, so "there is none" is not known to be true. */
export function lastMayBeLost(sequence: number | bigint | string): ApiError {
  const { code, err_code } = apiErrors.streamWrongLastSequence;
  return { code, err_code, description: `wrong last sequence: ${sequence}, which is damaged and may be on this subject` };
}

export function isApiError(value: unknown): value is ApiError {
  return typeof value === "object" && value !== null && "err_code" in value;
}
