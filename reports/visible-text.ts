/**
 * Makes text from servers and clients safe to look at. Subjects, headers and errors are hostile test data: control characters would move a
 * terminal's cursor, reorder a line or break XML, so each is shown as its escape. Escaping for HTML, XML and Markdown comes later, in the formats.
 */
import { parseResults } from "../evidence/results/results-file.ts";
import type { Results } from "../evidence/results/schema.ts";

/** Control characters but newline and tab, bidirectional overrides, invisible joiners, line separators, non-characters. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const unsafe = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F\u061C\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFF]/g;
const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

export function visibleText(text: string): string {
  const visible = text.replaceAll("\r\n", "\n").replace(unsafe, escapeOf);
  return visible.isWellFormed() ? visible : visible.replace(loneSurrogate, escapeOf);
}

function escapeOf(found: string): string {
  const code = found.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** The same results with every text and every name in them made visible. */
export function visibleResults(results: Results): Results {
  return parseResults(JSON.stringify(results, (_key, value: unknown) => visibleValue(value)));
}

function visibleValue(value: unknown): unknown {
  if (typeof value === "string") {
    return visibleText(value);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [visibleText(key), each]));
}

/** The sentence that says what failed, and the lines below it that show it (a witness). */
export function headAndRest(message: string): { readonly head: string; readonly rest: string } {
  const [head = "", ...rest] = message.split("\n");
  return { head, rest: rest.join("\n") };
}

/** On one line, cut at `max` characters with the full length named. */
export function oneLine(text: string, max = 200): string {
  return shortened(visibleText(text).replaceAll(/\s*\n\s*/g, " ⏎ "), max);
}

export function shortened(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${text.length.toLocaleString("en")} characters)`;
}
