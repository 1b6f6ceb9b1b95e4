/**
 * A strict reader of the markup that reports write, for their tests: every tag must be closed in order, every attribute quoted, every bare `&` or `<` is an
 * error. It reads HTML as the page writes it, and XML with `CDATA` allowed.
 */
export interface ScannedTag {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly parents: readonly string[];
}

export interface Scanned {
  readonly tags: readonly ScannedTag[];
  /** All text outside tags, unescaped. */
  readonly text: string;
}

const voidTags = new Set(["meta", "br", "img", "link", "input", "hr"]);
const prologue = /^(?:<!doctype html>|<\?xml [^>]*\?>)/;
const openingTag = /<([a-zA-Z][\w:-]*)((?:\s+[\w:-]+(?:="[^"<]*")?)*)\s*(\/?)>/y;
const closingTag = /<\/([a-zA-Z][\w:-]*)>/y;
const styleText = /[^<]*/y;
const plainText = /[^<]+/y;
const cdata = /<!\[CDATA\[([\s\S]*?)\]\]>/y;

export function scanMarkup(source: string, kind: "html" | "xml"): Scanned {
  const tags: ScannedTag[] = [];
  const open: string[] = [];
  const text: string[] = [];
  let at = prologue.exec(source)?.[0].length ?? 0;
  while (at < source.length) {
    const token = tokenAt(source, { at, kind, inStyle: open.at(-1) === "style" });
    at += token.length;
    text.push(token.text ?? "");
    if (token.closes !== undefined) {
      const expected = open.pop();
      if (expected !== token.closes) {
        throw new Error(`</${token.closes}> closes <${expected}>`);
      }
    }
    if (token.opens !== undefined) {
      tags.push({ ...token.opens, parents: [...open] });
      if (token.selfClosing !== true && !(kind === "html" && voidTags.has(token.opens.name))) {
        open.push(token.opens.name);
      }
    }
  }
  if (open.length > 0) {
    throw new Error(`never closed: ${open.join(" > ")}`);
  }
  return { tags, text: text.join("") };
}

interface Token {
  readonly length: number;
  readonly text?: string;
  readonly closes?: string;
  readonly opens?: Omit<ScannedTag, "parents">;
  readonly selfClosing?: boolean;
}

function tokenAt(source: string, place: { at: number; kind: "html" | "xml"; inStyle: boolean }): Token {
  const { at, kind } = place;
  const text = matchAt(place.inStyle ? styleText : plainText, source, at)?.[0] ?? "";
  if (text !== "") {
    return place.inStyle ? { length: text.length } : { length: text.length, text: unescapeText(text) };
  }
  const section = kind === "xml" ? matchAt(cdata, source, at) : null;
  if (section !== null) {
    return { length: section[0].length, text: section[1] ?? "" };
  }
  const closing = matchAt(closingTag, source, at);
  if (closing !== null) {
    return { length: closing[0].length, closes: closing[1] ?? "" };
  }
  const opening = matchAt(openingTag, source, at);
  if (opening === null || place.inStyle) {
    throw new Error(`no tag: ${source.slice(at, at + 60)}`);
  }
  const attributes = [...(opening[2] ?? "").matchAll(/([\w:-]+)(?:="([^"]*)")?/g)].map(
    (each) => [each[1] ?? "", unescapeText(each[2] ?? "")] as const,
  );
  return {
    length: opening[0].length,
    opens: { name: opening[1] ?? "", attributes: Object.fromEntries(attributes) },
    selfClosing: opening[3] === "/",
  };
}

function matchAt(pattern: RegExp, source: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function unescapeText(raw: string): string {
  const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
  return raw.replaceAll(/&([^;\s]{0,8});?/g, (whole, name: string) => {
    const known = named[name] ?? (/^#\d+$/.test(name) ? String.fromCodePoint(Number(name.slice(1))) : undefined);
    if (known === undefined || !whole.endsWith(";")) {
      throw new Error(`bare ampersand: ${whole}`);
    }
    return known;
  });
}
