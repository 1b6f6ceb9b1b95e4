/**
 * Streams that acknowledge and do not keep: in memory only, or in files that are written and never synced. Deletes, limits and consumers are not
 * theirs (a delete is answered and forgotten), nor are message ids and checksums: a control needs publishes, reads and nothing else.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const line = z.union([
  z.object({ create: z.string(), subjects: z.array(z.string()) }),
  z.object({ stream: z.string(), subject: z.string(), headers: z.string(), data: z.string() }),
]);
type Line = z.infer<typeof line>;

const request = z.looseObject({ name: z.string().optional(), subjects: z.array(z.string()).optional(), seq: z.number().optional() });

interface Stored {
  readonly subject: string;
  readonly headers: string;
  readonly data: string;
}

interface Stream {
  readonly subjects: readonly string[];
  readonly messages: Stored[];
}

const notFound = { error: { code: 404, err_code: 10059, description: "stream not found" } };

export class UnsafeStreams {
  readonly #streams = new Map<string, Stream>();
  readonly #file: string | undefined;
  readonly #careless: boolean;

  /** Without a folder everything is in memory. A careless one acknowledges what it failed to write. */
  constructor({ folder, careless = false }: { folder?: string; careless?: boolean } = {}) {
    this.#careless = careless;
    this.#file = folder === undefined ? undefined : join(folder, "unsynced.ndjson");
    if (this.#file !== undefined && existsSync(this.#file)) {
      this.#recover(readFileSync(this.#file, "utf8"));
    }
  }

  /** The acknowledgement, or undefined when no stream takes the subject. */
  publish(subject: string, headers: Buffer, payload: Buffer): object | undefined {
    for (const [name, stream] of this.#streams) {
      if (stream.subjects.some((pattern) => matches(pattern, subject))) {
        this.#apply({ stream: name, subject, headers: headers.toString("base64"), data: payload.toString("base64") });
        return { stream: name, seq: stream.messages.length };
      }
    }
    return undefined;
  }

  /** The answer to an API request; undefined for one that a control does not know. */
  api(call: string, body: string): object | undefined {
    const name = call.split(".").at(-1) ?? "";
    const asked = request.safeParse(body === "" ? {} : JSON.parse(body));
    const stream = this.#streams.get(name);
    if (call.startsWith("STREAM.CREATE.")) {
      this.#apply({ create: name, subjects: asked.data?.subjects ?? [name] });
      return { config: { name }, did_create: true };
    }
    if (call.startsWith("STREAM.INFO.")) {
      return stream === undefined ? notFound : { config: { name }, state: stateOf(stream) };
    }
    if (call.startsWith("STREAM.MSG.DELETE.")) {
      return { success: true };
    }
    if (call.startsWith("STREAM.MSG.GET.")) {
      return stream === undefined ? notFound : messageOf(stream, asked.data?.seq ?? 0);
    }
    return undefined;
  }

  #apply(change: Line): void {
    this.#change(change);
    if (this.#file !== undefined) {
      // Written and left to the kernel: nothing here ever syncs.
      this.#append(this.#file, `${JSON.stringify(change)}\n`);
    }
  }

  #append(file: string, text: string): void {
    try {
      appendFileSync(file, text);
    } catch (error) {
      if (!this.#careless) {
        throw error;
      }
    }
  }

  #change(change: Line): void {
    if ("create" in change) {
      this.#streams.set(change.create, { subjects: change.subjects, messages: [] });
      return;
    }
    const { stream, ...message } = change;
    this.#streams.get(stream)?.messages.push(message);
  }

  /** What survived a fault may end anywhere, or hold anything: it is read up to the first line that is none. */
  #recover(text: string): void {
    for (const each of text.split("\n")) {
      const change = parse(each);
      if (change === undefined) {
        return;
      }
      this.#change(change);
    }
  }
}

function parse(text: string): Line | undefined {
  try {
    return line.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function stateOf({ messages }: Stream): object {
  return { messages: messages.length, first_seq: messages.length === 0 ? 0 : 1, last_seq: messages.length };
}

function messageOf({ messages }: Stream, seq: number): object {
  const found = messages[seq - 1];
  if (found === undefined) {
    return { error: { code: 404, err_code: 10037, description: "no message found" } };
  }
  const { subject, headers, data } = found;
  return { message: { subject, seq, data, ...(headers === "" ? {} : { hdrs: headers }) } };
}

function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split(".");
  const tokens = subject.split(".");
  return (
    wanted.every((token, index) => token === ">" || (index < tokens.length && (token === "*" || token === tokens[index]))) &&
    (wanted.at(-1) === ">" || wanted.length === tokens.length)
  );
}
