/** The few lines that make HTML and SVG trees without a template language. Text and attributes are escaped when the tree is rendered. */
import { type ComponentChildren, h } from "preact";

export type Attributes = Readonly<Record<string, string | number | boolean | undefined>>;
export type Markup = ReturnType<typeof el>;
/** What may stand inside an element: markup, text, lists of them, or nothing. */
export type Content = ComponentChildren;

export function el(tag: string, attributes: Attributes, ...children: Content[]) {
  return h(tag, { ...attributes }, ...children);
}

/** A link where the address is one that a browser may follow safely; the bare text otherwise. */
export function link(href: string | undefined, text: string): Content {
  return href !== undefined && /^https?:\/\//i.test(href) ? el("a", { href, rel: "noopener noreferrer" }, text) : text;
}
