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
/** Served by subscriptions of their own; a request that nobody serves is told so at once. */
const SERVED_ELSEWHERE = ["CONSUMER.MSG.NEXT.", "DIRECT.GET."];

/** Serves the table for one account until the returned function is called. */
export function serveApi(account: JetStreamAccount, endpoints: readonly Endpoint[]): () => void {
  const router = new Router(endpoints);
  const { account: subjects, domain } = account.context;
  const plain = subjects.subscribe(`${PREFIX}>`, (message) => {
    const subject = message.subject.text.slice(PREFIX.length);
    return isServedElsewhere(subject) ? false : answer(account, router.find(subject), message);
  });
  const ofDomain = domain === undefined ? undefined : serveDomain(account, router, `$JS.${domain}.API.`);
  return () => {
    plain.unsubscribe();
    ofDomain?.unsubscribe();
  };
}

/** The same API under the name of the domain. What is served elsewhere is passed on to its plain subject. */
function serveDomain(account: JetStreamAccount, router: Router, prefix: string): ServiceSubscription {
  return account.context.account.subscribe(`${prefix}>`, (message) => {
    const subject = message.subject.text.slice(prefix.length);
    return isServedElsewhere(subject) ? forward(account, message, PREFIX + subject) : answer(account, router.find(subject), message);
  });
}

function isServedElsewhere(subject: string): boolean {
  return SERVED_ELSEWHERE.some((prefix) => subject.startsWith(prefix));
}

function forward(account: JetStreamAccount, message: InboundMessage, subject: string): boolean {
  const reply = message.replyText();
  const { buffer, headersStart, payloadStart, payloadEnd } = message;
  return account.context.account.publish({
    subject,
    ...(reply === undefined ? {} : { reply }),
    ...(payloadStart > headersStart ? { headers: buffer.slice(headersStart, payloadStart) } : {}),
    payload: buffer.slice(payloadStart, payloadEnd),
    epoch: 0,
  });
}

function answer(account: JetStreamAccount, found: Found | undefined, message: InboundMessage): void {
  if (found === undefined) {
    return;
  }
  const { buffer, payloadStart, payloadEnd } = message;
  const body = Buffer.from(buffer.buffer, buffer.byteOffset + payloadStart, payloadEnd - payloadStart).toString("utf8");
  const reply = isLevelTooHigh(message)
    ? { error: apiErrors.requiredApiLevel }
    : found.endpoint.handle({ account, tokens: found.tokens, message, body });
  if (reply === undefined) {
    return;
  }
  const text = printReply(found.endpoint, reply);
  const epoch = "success" in reply ? reply.epoch : undefined;
  account.context.account.respond(message, Buffer.from(text), epoch ?? account.context.store.epoch);
  if (found.endpoint.uncounted === true || ("success" in reply && reply.quiet === true)) {
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

interface Found {
  readonly endpoint: Endpoint;
  readonly tokens: readonly string[];
}

class Router {
  readonly #routes: readonly { readonly endpoint: Endpoint; readonly pattern: readonly string[] }[];

  constructor(endpoints: readonly Endpoint[]) {
    this.#routes = endpoints.map((endpoint) => ({ endpoint, pattern: endpoint.subject.split(".") }));
  }

  find(subject: string): Found | undefined {
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
