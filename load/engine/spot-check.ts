/**
 * Reads a few acknowledged messages back after a block. The counter in STREAM.INFO is the server's own word; a message read is evidence.
 * First, last and a seeded sample: the tail is what a careless server loses first.
 */
import type { Connection } from "../../wire/connection.ts";
import { randomOf } from "../design/random.ts";
import { storedPayload } from "../drivers/jetstream.ts";
import { stampBytes } from "../drivers/publisher.ts";

const samples = 32;

/** How many of the sampled sequences 1…`count` are missing, or do not hold a message of this block (`runs`, lengths). */
export async function spotCheck(
  connection: Connection,
  options: { stream: string; count: number; runs: ReadonlySet<number>; payloadBytes: number; seed: number },
): Promise<number> {
  let missing = 0;
  for (const sequence of sampleOf(options.count, options.seed)) {
    const payload = await storedPayload(connection, options.stream, sequence);
    const isOurs =
      payload?.byteLength === options.payloadBytes && payload.byteLength >= stampBytes && options.runs.has(payload.readUInt32LE(0));
    missing += isOurs ? 0 : 1;
  }
  return missing;
}

function sampleOf(count: number, seed: number): Set<number> {
  const random = randomOf(seed);
  const drawn = Array.from({ length: samples }, () => 1 + random.below(count));
  return count > 0 ? new Set([1, count, ...drawn]) : new Set();
}
