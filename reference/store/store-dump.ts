/** Everything in a store, piece by piece, for people and programs that want to see it: segments, streams, consumers, records. */
import type { FileStoredStream } from "./file-stored-stream.ts";
import { logFile, recordName } from "./named-damage.ts";
import { type RecordReader, recordFlag, recordKind } from "./record.ts";
import { SegmentLoader } from "./recovery.ts";
import type { Segment } from "./segment.ts";
import { scanSegment } from "./segment-scan.ts";
import type { Inspection } from "./store-inspection.ts";

export interface DumpOptions {
  /** Only this stream, by name. */
  readonly stream?: string;
  /** Only records of messages from this sequence on. */
  readonly from?: number;
  /** With headers and payloads. */
  readonly payload?: boolean;
}

/** Times are nanoseconds since 1970, as bigint. */
export type DumpItem = Readonly<Record<string, unknown>> & { readonly type: "segment" | "stream" | "consumer" | "record" };

const text = new TextDecoder("utf-8", { fatal: true });

/** `emit` gets one item after the other; records in the order of the log. */
export function dumpStore({ loaded, disk }: Inspection, options: DumpOptions, emit: (item: DumpItem) => void): void {
  const { store } = loaded;
  const isWanted = (stream: FileStoredStream | undefined): boolean =>
    options.stream === undefined || stream?.messages.name === options.stream;
  for (const stream of store.streams.values()) {
    if (isWanted(stream)) {
      dumpStream(stream, emit);
    }
  }
  const loader = new SegmentLoader(disk);
  for (const segment of store.log.segments.values()) {
    const { id, live, tail, previous, capacity } = segment;
    emit({
      type: "segment",
      file: logFile(id),
      bytes: capacity,
      end: tail,
      previous: previous.segment,
      previous_end: previous.offset,
      live,
    });
    const content = loader.load(segment, capacity);
    scanSegment({
      content,
      trusted: tail,
      syncedAtLeast: 0,
      damaged: () => {},
      apply: (offset) => {
        const record = content.reader.at(offset);
        const stream = store.streams.get(record.stream);
        const isBefore = record.kind === recordKind.message && record.sequence < (options.from ?? 0);
        if (isWanted(stream) && !isBefore) {
          emit(describeRecord(record, { segment, offset, stream, withPayload: options.payload === true }));
        }
      },
    });
  }
}

function dumpStream({ id, messages, assets }: FileStoredStream, emit: (item: DumpItem) => void): void {
  const { account, name, createdNs, config, state } = messages;
  emit({
    type: "stream",
    id,
    account,
    name,
    created: createdNs,
    messages: state.messages,
    bytes: state.bytes,
    first_seq: state.firstSequence,
    last_seq: state.lastSequence,
    lost: messages.index.lost,
    config: textOf(config),
  });
  for (const asset of assets.values()) {
    const { base, baseIs, records } = asset.history();
    emit({ type: "consumer", stream: name, id: asset.id, name: asset.name, base: baseIs, bytes: base.length, changes: records.length });
  }
}

function describeRecord(
  record: RecordReader,
  {
    segment,
    offset,
    stream,
    withPayload,
  }: { segment: Segment; offset: number; stream: FileStoredStream | undefined; withPayload: boolean },
): DumpItem {
  const { kind, sequence, length, timeNs, messageId } = record;
  const item = { type: "record" as const, file: logFile(segment.id), offset, bytes: length, kind: recordName(kind) };
  const named = { ...item, stream: stream?.messages.name ?? `#${record.stream}`, seq: sequence };
  if (kind !== recordKind.message) {
    return named;
  }
  const headers = record.headersLength === 0 ? {} : { headers: textOf(record.headers) };
  return {
    ...named,
    state: stateOf(record, segment, offset, stream),
    subject: textOf(record.subject),
    time: timeNs,
    ...(messageId === undefined ? {} : { message_id: textOf(messageId) }),
    headers_bytes: record.headersLength,
    payload_bytes: record.payloadLength,
    ...(withPayload ? { ...headers, payload: textOf(record.payload) } : {}),
  };
}

function stateOf(record: RecordReader, segment: Segment, offset: number, stream: FileStoredStream | undefined): string {
  const { sequence } = record;
  if (stream?.messages.has(sequence) === true) {
    const place = stream.messages.index.placeOf(sequence);
    return place.place === segment.id && place.offset === offset ? "stored" : "stored again later";
  }
  return (record.flags & recordFlag.erased) === 0 ? "removed" : "erased";
}

/** Text as it is, anything else as `base64:…`. */
function textOf(bytes: Uint8Array): string {
  try {
    return text.decode(bytes);
  } catch {
    return `base64:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")}`;
  }
}
