/** Streams as the store gives them back after a restart: configuration, message ids of the duplicate window, then consumers. */
import type { RecoveredStream } from "../store/stream-store.ts";
import type { JetStreamAccount } from "./account.ts";
import { recoverConsumer } from "./consumer-recovery.ts";
import { isApiError } from "./errors.ts";
import { decodeStreamConfig, type StreamConfig } from "./stream-config.ts";
import { checkStreamConfig } from "./stream-config-check.ts";
import type { StreamService } from "./stream-service.ts";

export function recoverStreams(account: JetStreamAccount, recovered: readonly RecoveredStream[]): void {
  for (const found of recovered) {
    const config = readConfig(found);
    const service = account.adopt({ config, createdNs: found.definition.createdNs, stored: found.stream });
    restoreIds(service, found, account.context.clock.nowNs());
    for (const asset of found.assets) {
      recoverConsumer(service.stream, asset);
    }
    service.start();
  }
}

/** Our own words come back: what can't be read is a damaged store, and starting without the stream would lose it. */
function readConfig({ definition }: RecoveredStream): StreamConfig {
  const text = Buffer.from(definition.config).toString("utf8");
  const request = decodeStreamConfig(text, { strict: false });
  // The server's own limits may have changed since; they bind new streams only.
  const config = isApiError(request) ? request : checkStreamConfig(request, { duplicateWindowMax: 0 });
  if (isApiError(config)) {
    throw new Error(`the stored configuration of stream "${definition.name}" is not valid: ${config.description}`);
  }
  return config;
}

function restoreIds(service: StreamService, { messageIds, stream }: RecoveredStream, nowNs: bigint): void {
  const windowNs = BigInt(service.stream.config.duplicate_window);
  stream.setMessageIdWindow(windowNs);
  for (const { id, sequence, timeNs } of messageIds) {
    if (timeNs > nowNs - windowNs) {
      service.ids.restore(id, sequence, Number(timeNs));
    }
  }
}
