/** Streams as the store gives them back after a restart: configuration, message ids of the duplicate window, then consumers. */
import type { RecoveredStream } from "../store/stream-store.ts";
import type { JetStreamAccount } from "./account.ts";
import { recoverConsumer } from "./consumer-recovery.ts";
import { isApiError } from "./errors.ts";
import { decodeJson } from "./json/decode.ts";
import { uint64 } from "./json/field-types.ts";
import { decodeStreamConfig, type StreamConfig } from "./stream-config.ts";
import { checkStreamConfig } from "./stream-config-check.ts";
import type { StreamService } from "./stream-service.ts";
import { WireSequences } from "./wire-sequences.ts";

export function recoverStreams(account: JetStreamAccount, recovered: readonly RecoveredStream[]): void {
  for (const found of recovered) {
    const text = Buffer.from(found.definition.config).toString("utf8");
    const config = readConfig(found.definition.name, text);
    const sequences = readSequences(text);
    const service = account.adopt({ config, createdNs: found.definition.createdNs, stored: found.stream, sequences });
    restoreIds(service, found, account.context.clock.nowNs());
    for (const asset of found.assets) {
      recoverConsumer(service.stream, asset);
    }
    service.start();
  }
}

/** Our own words come back: what can't be read is a damaged store, and starting without the stream would lose it. */
function readConfig(name: string, text: string): StreamConfig {
  const request = decodeStreamConfig(text, { strict: false });
  // The server's own limits may have changed since; they bind new streams only.
  const config = isApiError(request) ? request : checkStreamConfig(request, { duplicateWindowMax: 0 });
  if (isApiError(config)) {
    throw new Error(`the stored configuration of stream "${name}" is not valid: ${config.description}`);
  }
  return config;
}

const baseShape = { struct: "StoredStream", fields: { sequence_base: uint64 } } as const;

/** Missing for nearly all streams. */
function readSequences(text: string): WireSequences {
  const stored = decodeJson(text, baseShape, { strict: false });
  return new WireSequences("invalid" in stored ? 0n : BigInt(stored.value.sequence_base ?? 0));
}

function restoreIds(service: StreamService, { messageIds, stream }: RecoveredStream, nowNs: bigint): void {
  const windowNs = BigInt(service.stream.config.duplicate_window);
  const { lastSequence } = stream.messages.state;
  stream.setMessageIdWindow(windowNs);
  for (const { id, sequence, timeNs } of messageIds) {
    if (timeNs > nowNs - windowNs) {
      service.ids.restore(id, sequence, Number(timeNs));
      if (sequence === lastSequence && stream.messages.has(sequence)) {
        service.restoreLastMessageId(id);
      }
    }
  }
}
