/**
 * Names of one case on a server it shares with others. Stream names and subjects get the case's own prefix on their way out and lose it on
 * their way in, so cases read as if each had the server for itself. Consumers live inside a stream and need none.
 */

import { toWireNumbers } from "../catalog/quantities.ts";
import { recordOf, type UnknownRecord } from "../catalog/record.ts";

const subjectFields = new Set([
  "deliver_subject",
  "dest",
  "filter",
  "filter_subject",
  "filter_subjects",
  "last_by_subj",
  "multi_last",
  "next_by_subj",
  "src",
  "subject",
  "subjects",
  "subjects_filter",
]);

export class Names {
  readonly #prefix: string;

  /** The prefix is one token: letters and digits, unique on the server. An empty one changes nothing. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  stream(name: string): string {
    return this.#prefix === "" || name === "" ? name : `${this.#prefix}_${name}`;
  }

  subject(subject: string): string {
    const own = this.#prefix === "" || subject === "" || subject.startsWith("$") || subject.startsWith("_INBOX.");
    return own ? subject : `${this.#prefix}.${subject}`;
  }

  /** A stream configuration as the wire takes it: names prefixed, durations and sizes as numbers. */
  streamConfig(config: Readonly<Record<string, unknown>>): UnknownRecord {
    const wire = recordOf(this.#subjects(config));
    const named = (value: unknown): unknown =>
      typeof value === "object" && value !== null && "name" in value ? { ...value, name: this.stream(String(value.name)) } : value;
    return recordOf(
      toWireNumbers({
        ...wire,
        ...(typeof wire["name"] === "string" ? { name: this.stream(wire["name"]) } : {}),
        ...("mirror" in wire ? { mirror: named(wire["mirror"]) } : {}),
        ...(Array.isArray(wire["sources"]) ? { sources: wire["sources"].map(named) } : {}),
      }),
    );
  }

  /** Any other request body: subjects prefixed, `stream_name` too, numbers as the wire takes them. */
  body(body: unknown): unknown {
    const wire = toWireNumbers(this.#subjects(body));
    if (typeof wire === "object" && wire !== null && "stream_name" in wire) {
      return { ...wire, stream_name: this.stream(String(wire.stream_name)) };
    }
    return wire;
  }

  /** Removes the prefix from every text inside `value`. */
  strip(value: string): string;
  strip(value: unknown): unknown;
  strip(value: unknown): unknown {
    return this.#prefix === "" ? value : this.#strip(value);
  }

  /** Whether a stream of the server belongs to this case. */
  owns(stream: string): boolean {
    return stream.startsWith(this.#prefix === "" ? "" : `${this.#prefix}_`);
  }

  #strip(value: unknown): unknown {
    if (typeof value === "string") {
      return value.replaceAll(`${this.#prefix}_`, "").replaceAll(`${this.#prefix}.`, "");
    }
    if (Array.isArray(value)) {
      return value.map((item) => this.#strip(item));
    }
    if (typeof value !== "object" || value === null) {
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [this.strip(key), this.#strip(item)]));
  }

  #subjects(value: unknown, field = ""): unknown {
    if (typeof value === "string") {
      return subjectFields.has(field) ? this.subject(value) : value;
    }
    if (Array.isArray(value)) {
      return value.map((item) => this.#subjects(item, field));
    }
    if (typeof value !== "object" || value === null) {
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.#subjects(item, key)]));
  }
}
