/** What a load profile file may say. The JSON Schema for editors is generated from here. */
import { z } from "zod";
import { duration, percent, rate, size } from "./quantity.ts";

export const loadSizes = ["smoke", "ci", "full"] as const;
export type LoadSize = (typeof loadSizes)[number];

const count = z.number().int().positive();

const closedArrival = z.strictObject({
  model: z.literal("closed"),
  /** publish: messages in flight a connection. pull: requests outstanding a connection. push: has no meaning. */
  inFlight: count.max(100_000),
});

const openArrival = z.strictObject({
  model: z.literal("open"),
  shape: z.enum(["constant", "poisson"]).default("poisson"),
  /** All connections together. */
  rate,
  /** Beyond it operations wait, keep their intended time and are counted as deferred. */
  maxInFlight: count.max(100_000).default(10_000),
});

const sizePlan = z.strictObject({
  warmup: duration,
  measure: duration,
  /** Longest silence of the server, also while what is in flight after the measurement comes home; a large window adds to it. */
  drain: duration.prefault("5s"),
  pairs: count.max(100),
  /** Measured and thrown away, on each side before the first pair: servers that compile while they run are compared warm. */
  settle: duration.optional(),
  /** pull and push, closed model: messages stored before the measurement. */
  preload: count.max(10_000_000).optional(),
});

export const profileFile = z.strictObject({
  profile: z.string().regex(/^[a-z][a-z0-9-]*$/, "lower-case words joined by hyphens are expected, such as pub-async"),
  about: z.string(),
  stream: z.strictObject({ storage: z.enum(["file", "memory"]) }),
  load: z.strictObject({
    op: z.enum(["publish", "pull", "push"]),
    connections: count.max(1000),
    payload: z.strictObject({ size }),
    /** publish: each message has a `Nats-Msg-Id` of its own, so that the server keeps its table of duplicates. */
    messageIds: z.boolean().default(false),
    pull: z.strictObject({ batch: count.max(10_000), ack: z.enum(["none", "explicit"]) }).optional(),
    /** Without acknowledgements. `ordered`: with flow control and heartbeats, as the ordered consumers of the clients. */
    push: z.strictObject({ ordered: z.boolean() }).optional(),
  }),
  /** How operations arrive; the first is the default, the other is chosen by name. */
  arrivals: z.strictObject({ closed: closedArrival, open: openArrival }),
  /** The model used when the caller names none. */
  model: z.enum(["closed", "open"]),
  /** Response time promised at p99; a generator that is late by a tenth of it can't judge it. */
  slo: z.strictObject({ responseP99: duration }),
  /** The smallest change of a metric that matters. */
  margin: percent,
  sizes: z.strictObject({ smoke: sizePlan, ci: sizePlan, full: sizePlan }),
});

export type LoadProfile = z.output<typeof profileFile>;
export type SizePlan = LoadProfile["sizes"]["smoke"];

/** For `# yaml-language-server: $schema=…`. */
export function profileJsonSchema(): unknown {
  return z.toJSONSchema(profileFile, { io: "input", unrepresentable: "any" });
}
