/**
 * JetStream of one account: its streams, the server limits they share, API statistics and the audit trail.
 */
import type { InboundMessage } from "../broker/service.ts";
import type { StoredStream } from "../store/stream-store.ts";
import { clientInfo } from "./client-info.ts";
import { type ApiError, apiErrors, because, isApiError } from "./errors.ts";
import type { StorageBudget } from "./publish.ts";
import type { JetStreamContext } from "./seams.ts";
import { encodeConfig, Stream } from "./stream.ts";
import { apiLevel, type StreamConfig, type StreamConfigRequest } from "./stream-config.ts";
import { type ConfigRules, checkStreamConfig } from "./stream-config-check.ts";
import { checkStreamUpdate, isSameConfig } from "./stream-config-update.ts";
import { StreamService } from "./stream-service.ts";
import { consumersOver } from "./stream-update-consumers.ts";
import { patternsCollide } from "./subjects.ts";
import { WireSequences } from "./wire-sequences.ts";

export interface ServerLimits {
  /** Bytes that memory and file streams may hold together; Infinity for no limit. */
  readonly maxMemory: number;
  readonly maxFile: number;
  /** Unknown fields in requests are refused (the default of the server). */
  readonly strict: boolean;
  /** Nanoseconds, 0 for none. */
  readonly duplicateWindowMax: number;
}

export interface AccountParts {
  readonly context: JetStreamContext;
  readonly limits: ServerLimits;
  /** As in INFO: the server's name and version. */
  readonly server: { readonly name: string; readonly version: string };
}

export class JetStreamAccount implements StorageBudget {
  readonly context: JetStreamContext;
  readonly limits: ServerLimits;
  readonly server: { readonly name: string; readonly version: string };
  readonly streams = new Map<string, Stream>();
  readonly #services = new Map<string, StreamService>();
  #requests = 0;
  #failures = 0;

  constructor({ context, limits, server }: AccountParts) {
    this.context = context;
    this.limits = limits;
    this.server = server;
  }

  get strict(): boolean {
    return this.limits.strict;
  }

  /** Creates the stream, or answers with the one that has an equal configuration already. */
  createStream(request: StreamConfigRequest): Stream | ApiError {
    const config = checkStreamConfig(request, this.#rules());
    if (isApiError(config)) {
      return config;
    }
    if (config.num_replicas > 1) {
      return apiErrors.streamReplicasNotSupported;
    }
    const existing = this.streams.get(config.name);
    if (existing !== undefined) {
      return isSameConfig(existing.config, config) ? existing : apiErrors.streamNameExist;
    }
    return this.#reservationProblem(config) ?? this.#overlapProblem(config) ?? this.#create(config);
  }

  /** Applies a configuration as a whole; `undefined` on success. */
  updateStream(stream: Stream, checked: StreamConfig): ApiError | undefined {
    const config = checkStreamUpdate(stream.config, checked);
    if (isApiError(config)) {
      return config;
    }
    const problem = this.#reservationProblem(config, stream.config) ?? consumersOver(stream, config) ?? this.#overlapProblem(config);
    if (problem === undefined) {
      this.#services.get(stream.name)?.update(config);
      this.#adviseStream("UPDATED", "modify", stream.name);
    }
    return problem;
  }

  checkConfig(request: StreamConfigRequest): StreamConfig | ApiError {
    return checkStreamConfig(request, this.#rules());
  }

  deleteStream(stream: Stream): void {
    this.#services.get(stream.name)?.stop();
    this.#services.delete(stream.name);
    this.streams.delete(stream.name);
    stream.close("stream-deleted");
    stream.stored.delete();
    this.#adviseStream("DELETED", "delete", stream.name);
  }

  /** Takes up a stream of the store; consumers and ids are the caller's, then `service.start()`. */
  adopt(parts: { config: StreamConfig; createdNs: bigint; stored: StoredStream; sequences: WireSequences }): StreamService {
    const stream = new Stream({ context: this.context, ...parts });
    const service = new StreamService(stream, this);
    this.streams.set(stream.name, stream);
    this.#services.set(stream.name, service);
    return service;
  }

  isExhausted(storage: "file" | "memory"): boolean {
    const { usage, isFull } = this.context.store;
    return storage === "file" ? isFull === true || usage.fileBytes > this.limits.maxFile : usage.memoryBytes > this.limits.maxMemory;
  }

  /** Bytes in use and bytes promised by `max_bytes`, for INFO and monitoring. */
  usage(storage: "file" | "memory"): { used: number; reserved: number } {
    let used = 0;
    let reserved = 0;
    for (const { config, messages } of this.streams.values()) {
      if (config.storage === storage) {
        used += messages.state.bytes;
        reserved += Math.max(Number(config.max_bytes), 0);
      }
    }
    return { used, reserved };
  }

  status(): {
    memory: number;
    storage: number;
    reserved_memory: number;
    reserved_storage: number;
    streams: number;
    consumers: number;
    messages: number;
    bytes: number;
    api: { level: number; total: number; errors: number };
  } {
    const memory = this.usage("memory");
    const file = this.usage("file");
    const streams = [...this.streams.values()];
    return {
      memory: memory.used,
      storage: file.used,
      reserved_memory: memory.reserved,
      reserved_storage: file.reserved,
      streams: streams.length,
      consumers: streams.reduce((sum, { consumers }) => sum + consumers.size, 0),
      messages: streams.reduce((sum, { messages }) => sum + messages.state.messages, 0),
      bytes: memory.used + file.used,
      api: { level: apiLevel, total: this.#requests, errors: this.#failures },
    };
  }

  countRequest(isFailure: boolean): void {
    this.#requests += 1;
    this.#failures += isFailure ? 1 : 0;
  }

  /** Tells the audit trail about an answered request, when somebody reads it. */
  audit(message: InboundMessage, request: string, response: string): void {
    this.context.advise("API", "io.nats.jetstream.advisory.v1.api_audit", {
      server: this.server.name,
      client:
        message.client === undefined
          ? undefined
          : clientInfo(message.client, { account: this.context.account.name, server: this.server.name }),
      subject: message.subject.text,
      request: request === "" ? undefined : request,
      response,
      domain: this.context.domain,
    });
  }

  /** Ends timers, subscriptions and consumers; the store keeps everything. */
  close(): void {
    for (const service of this.#services.values()) {
      service.stop();
      service.stream.close("shutdown");
    }
    this.#services.clear();
    this.streams.clear();
  }

  #rules(): ConfigRules {
    return { duplicateWindowMax: this.limits.duplicateWindowMax };
  }

  #create(config: StreamConfig): Stream | ApiError {
    const createdNs = this.context.clock.nowNs();
    const sequences = WireSequences.from(config.first_seq);
    const stored = this.#createStored(config, { createdNs, sequences });
    if (stored === undefined) {
      return because(apiErrors.streamCreate, "error creating store for stream");
    }
    stored.setMessageIdWindow(BigInt(config.duplicate_window));
    const service = this.adopt({ config, createdNs, stored, sequences });
    service.start();
    this.#adviseStream("CREATED", "create", config.name);
    return service.stream;
  }

  /** undefined when the store can't hold it, for instance on a full disk or without a directory. */
  #createStored(config: StreamConfig, { createdNs, sequences }: { createdNs: bigint; sequences: WireSequences }): StoredStream | undefined {
    try {
      return this.context.store.createStream({
        account: this.context.account.name,
        name: config.name,
        storage: config.storage,
        ...(config.first_seq > 1 ? { firstSequence: sequences.given(config.first_seq) } : {}),
        createdNs,
        config: encodeConfig(config, sequences),
      });
    } catch {
      return undefined;
    }
  }

  /** What `max_bytes` promises must fit into the server beside all other promises. */
  #reservationProblem(config: StreamConfig, old?: StreamConfig): ApiError | undefined {
    const asked = Number(config.max_bytes);
    const added = old === undefined ? (asked < 0 ? 1 : asked) : Math.max(0, Math.max(asked, 0) - Math.max(Number(old.max_bytes), 0));
    const isMemory = config.storage === "memory";
    const { reserved } = this.usage(config.storage);
    if (added <= (isMemory ? this.limits.maxMemory : this.limits.maxFile) - reserved) {
      return undefined;
    }
    return isMemory ? apiErrors.memoryResourcesExceeded : apiErrors.storageResourcesExceeded;
  }

  #overlapProblem(config: StreamConfig): ApiError | undefined {
    for (const other of this.streams.values()) {
      const isTaken =
        other.name !== config.name && config.subjects.some((mine) => other.subjects.some((its) => patternsCollide(mine, its)));
      if (isTaken) {
        return apiErrors.streamSubjectOverlap;
      }
    }
    return undefined;
  }

  #adviseStream(event: "CREATED" | "UPDATED" | "DELETED", action: string, name: string): void {
    this.context.advise(`STREAM.${event}.${name}`, "io.nats.jetstream.advisory.v1.stream_action", {
      stream: name,
      action,
      domain: this.context.domain,
    });
  }
}
