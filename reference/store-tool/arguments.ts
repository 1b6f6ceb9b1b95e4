/** The command line of the store tool. What is not understood is refused with a sentence. */
import { parseArgs } from "node:util";

export type StoreRequest =
  | { readonly verb: "help" }
  | { readonly verb: "verify"; readonly directory: string; readonly json: boolean }
  | { readonly verb: "salvage"; readonly directory: string; readonly out: string; readonly json: boolean }
  | {
      readonly verb: "dump";
      readonly directory: string;
      readonly json: boolean;
      readonly stream?: string;
      readonly from?: number;
      readonly payload: boolean;
    };

export const USAGE = `Usage: streamproof store verify  DIR [--json]
       streamproof store dump    DIR [--stream NAME] [--from SEQ] [--payload] [--json]
       streamproof store salvage DIR OUT [--json]

Looks at the store of a stopped reference server. DIR is what \`serve -sd\` was given, or the jetstream directory in it.

  verify    reads every record against its checksums, names all damage, says what opening the store would make of it; changes nothing
  dump      lists streams, consumers, segments and records; with --json one object a line
  salvage   writes everything that can be read into a new store below OUT, names what is lost; never touches DIR

  --json         results as JSON
  --stream NAME  only this stream
  --from SEQ     only messages from this sequence on
  --payload      headers and payloads, too

Exit codes: 0 sound, 1 damage found, 2 wrong usage, 3 the store can't be read, is in use, of a newer version or not ours.
`;

/** A sentence when the words make no request. */
export function readArguments(words: readonly string[]): StoreRequest | string {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(words);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const { values, positionals } = parsed;
  const [verb, directory, ...rest] = positionals;
  if (values.help === true || verb === "help") {
    return { verb: "help" };
  }
  if (verb !== "verify" && verb !== "dump" && verb !== "salvage") {
    return verb === undefined ? "say what to do: verify, dump or salvage" : `"${verb}" is none of verify, dump and salvage`;
  }
  if (directory === undefined || directory === "") {
    return `${verb} needs the directory of a store`;
  }
  const json = values.json === true;
  if (verb !== "dump" && (values.stream !== undefined || values.from !== undefined || values.payload === true)) {
    return `--stream, --from and --payload belong to dump, not to ${verb}`;
  }
  const [out, ...more] = rest;
  if (verb === "salvage") {
    return out === undefined || more.length > 0
      ? "salvage needs two directories: the store and the new one"
      : { verb, directory, out, json };
  }
  if (out !== undefined) {
    return `${verb} takes one directory, not also "${out}"`;
  }
  return verb === "verify" ? { verb, directory, json } : dumpRequest(directory, json, values);
}

function dumpRequest(directory: string, json: boolean, values: ReturnType<typeof parse>["values"]): StoreRequest | string {
  const { stream, from, payload = false } = values;
  if (from !== undefined && !(/^\d+$/.test(from) && Number.isSafeInteger(Number(from)))) {
    return `--from needs a sequence, not "${from}"`;
  }
  return {
    verb: "dump",
    directory,
    json,
    payload,
    ...(stream === undefined ? {} : { stream }),
    ...(from === undefined ? {} : { from: Number(from) }),
  };
}

function parse(words: readonly string[]) {
  return parseArgs({
    args: [...words],
    allowPositionals: true,
    options: {
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      stream: { type: "string" },
      from: { type: "string" },
      payload: { type: "boolean" },
    },
  });
}
