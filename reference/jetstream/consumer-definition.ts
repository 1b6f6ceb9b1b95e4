/** What a consumer is, apart from its state: the JSON inside its records. */
import { isNumber } from "./json/decode.ts";
import { parseJson } from "./json/parse.ts";
import { printJson } from "./json/print.ts";

export interface ConsumerDefinition {
  readonly name: string;
  readonly createdNs: bigint;
  /** As printed by `printConfig`. */
  readonly config: string;
}

export function encodeDefinition({ name, createdNs, config }: ConsumerDefinition): string {
  return printJson({ name, created_ns: createdNs, config });
}

export function decodeDefinition(json: string): ConsumerDefinition {
  const parsed = parseJson(json);
  if ("value" in parsed && parsed.value instanceof Map) {
    const name = parsed.value.get("name");
    const created = parsed.value.get("created_ns");
    const config = parsed.value.get("config");
    if (typeof name === "string" && created !== undefined && isNumber(created) && typeof config === "string") {
      return { name, createdNs: BigInt(created.digits), config };
    }
  }
  throw new Error("the stored definition of a consumer cannot be read");
}
