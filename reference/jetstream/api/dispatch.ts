/**
 * From a message on `$JS.API.>` to the answer of its endpoint: finds the endpoint, checks the API level the client requires, counts, audits.
 * A subject of the API that no endpoint has gets no answer at all, as on the official server.
 */
import type { InboundMessage, ServiceSubscription } from "../../broker/service.ts";
import type { JetStreamAccount } from "../account.ts";
import { apiErrors } from "../errors.ts";
import { printJson } from "../json/print.ts";
import type { ApiReply, Endpoint } from "./endpoint.ts";
import { isLevelTooHigh } from "./required-level.ts";

export { isLevelTooHigh } from "./required-level.ts";

const PREFIX = "$JS.API.";
const TYPE_PREFIX = "io.nats.jetstream.api.v1.";
/** Served by subscriptions of their own, so that a request nobody serves is told so at once. */
const SERVED_ELSEWHERE = ["CONSUMER.MSG.NEXT.>", "DIRECT.GET.>"];

/** Serves the table for one account until the returned function is called. */
export function serveApi(account: JetStreamAccount, endpoints: readonly Endpoint[]): () => void {
  const router = new Router(endpoints);
  const { account: subjects, domain } = account.context;
  const subscriptions: ServiceSubscription[] = [];
  for (const prefix of domain === undefined ? [PREFIX] : [PREFIX, domainPrefix(domain)]) {
    for (const pattern of router.patterns) {
      const handle = (message: InboundMessage) => answer(account, router, message, prefix);
      subscriptions.push(subjects.subscribe(prefix + pattern, handle));
    }
  }
  if (domain !== undefined) {
    subscriptions.push(...SERVED_ELSEWHERE.map((pattern) => forward(account, domainPrefix(domain), pattern)));
  }
  return () => {
    for (const subscription of subscriptions) {
      subscription.unsubscribe();
    }
  };
}

function domainPrefix(domain: string): string {
  return `$JS.${domain}.API.`;
}

/** Passes a request of the domain's subject space on to the plain one. */
function forward(account: JetStreamAccount, prefix: string, pattern: string): ServiceSubscription {
  const subjects = account.context.account;
  return subjects.subscribe(prefix + pattern, (message) => {
    const reply = message.replyText();
    subjects.publish({
      subject: PREFIX + message.subject.text.slice(prefix.length),
      ...(reply === undefined ? {} : { reply }),
      ...(message.payloadStart > message.headersStart ? { headers: message.buffer.slice(message.headersStart, message.payloadStart) } : {}),
      payload: message.buffer.slice(message.payloadStart, message.payloadEnd),
      epoch: 0,
    });
  });
}

function answer(account: JetStreamAccount, router: Router, message: InboundMessage, prefix: string): void {
  const found = router.find(message.subject.text.slice(prefix.length));
  if (found === undefined) {
    return;
  }
  const body = Buffer.from(message.buffer.buffer, message.buffer.byteOffset, message.buffer.byteLength).toString(
    "utf8",
    message.payloadStart,
    message.payloadEnd,
  );
  // Whatever the handler publishes runs through the same broker: the request is kept as it was.
  const reply = isLevelTooHigh(message)
    ? { error: apiErrors.requiredApiLevel }
    : found.endpoint.handle({ account, tokens: found.tokens, message, body });
  if (reply === undefined) {
    return;
  }
  const text = printReply(found.endpoint, reply);
  account.context.account.respond(message, Buffer.from(text), account.context.store.epoch);
  if ("success" in reply && reply.quiet === true) {
    return;
  }
  account.countRequest("error" in reply && reply.counted !== "success");
  account.audit(message, body, text);
}

function printReply(endpoint: Endpoint, reply: NonNullable<ApiReply>): string {
  const type = TYPE_PREFIX + endpoint.type;
  if ("success" in reply) {
    return printJson({ type, ...reply.success });
  }
  return printJson({ type, error: reply.error, ...endpoint.always, ...reply.extra });
}

interface Route {
  readonly endpoint: Endpoint;
  readonly pattern: readonly string[];
}

class Router {
  /** What to subscribe to: whole areas, so that unknown requests inside them are swallowed. */
  readonly patterns: readonly string[];
  readonly #routes: readonly Route[];

  constructor(endpoints: readonly Endpoint[]) {
    this.#routes = endpoints.map((endpoint) => ({ endpoint, pattern: endpoint.subject.split(".") }));
    const areas = endpoints.map(({ subject }) => areaOf(subject.split(".")));
    this.patterns = [...new Set(["*", "META.>", "SERVER.>", "ACCOUNT.>", ...areas])].filter((area) => area !== "INFO");
  }

  find(subject: string): { endpoint: Endpoint; tokens: readonly string[] } | undefined {
    const tokens = subject.split(".");
    for (const { endpoint, pattern } of this.#routes) {
      const matched = wildcardsOf(pattern, tokens);
      if (matched !== undefined) {
        return { endpoint, tokens: matched };
      }
    }
    return undefined;
  }
}

/** CONSUMER has a direct request beside its API, so its areas are one token longer. */
function areaOf(tokens: readonly string[]): string {
  if (tokens.length === 1) {
    return tokens[0] ?? "";
  }
  return tokens[0] === "CONSUMER" ? `CONSUMER.${tokens[1]}.>` : `${tokens[0]}.>`;
}

function wildcardsOf(pattern: readonly string[], tokens: readonly string[]): readonly string[] | undefined {
  const matched: string[] = [];
  for (const [index, expected] of pattern.entries()) {
    const token = tokens[index];
    if (token === undefined) {
      return undefined;
    }
    if (expected === ">") {
      return [...matched, tokens.slice(index).join(".")];
    }
    if (expected === "*") {
      matched.push(token);
    } else if (expected !== token) {
      return undefined;
    }
  }
  return tokens.length === pattern.length ? matched : undefined;
}
