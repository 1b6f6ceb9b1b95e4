/** How request bodies are taken: some are ignored unless they look like JSON, some must be empty, some must not be. */
import { type ApiError, apiErrors, because } from "../errors.ts";
import { type Decoded, decodeJson, type Fields, type Shape } from "../json/decode.ts";
import { parseJson } from "../json/parse.ts";

/** Decodes a body; an unreadable one is error 10025. */
export function decodeBody<F extends Fields>(body: string, shape: Shape<F>, { strict }: { strict: boolean }): Decoded<F> | ApiError {
  const result = decodeJson(body, shape, { strict });
  return "invalid" in result ? because(apiErrors.invalidJSON, result.invalid) : result.value;
}

/** INFO, NAMES, LIST and PURGE read a body only when it begins like an object or array; anything else is no request. */
export function decodeOptionalBody<F extends Fields>(
  body: string,
  shape: Shape<F>,
  options: { strict: boolean },
): Decoded<F> | ApiError | undefined {
  return /^[ \t\r\n]*[{[]/.test(body) ? decodeBody(body, shape, options) : undefined;
}

/** Nothing, or an object without fields. */
export function isEmptyBody(body: string): boolean {
  if (body === "") {
    return true;
  }
  const parsed = parseJson(body);
  if (!("value" in parsed) || !(parsed.value instanceof Map)) {
    return false;
  }
  return parsed.value.size === 0 && "empty" in parseJson(body, parsed.end);
}
