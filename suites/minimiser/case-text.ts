/** A script as a case file: it can be dropped into suites/cases, and shows the failure with `certify FILE`. */
import { stringify } from "yaml";
import type { Blow } from "../strikes/blow.ts";
import type { Action, Script } from "./script.ts";

export interface CaseText {
  readonly text: string;
  /** Operations, fault and look together. */
  readonly steps: number;
}

type Step = Readonly<Record<string, unknown>>;

/** The server's side of a script as far as the expectation needs it. */
interface Model {
  /** Sequences that are there, with subject and payload. */
  readonly stored: Map<number, { readonly subject: string; readonly data: string }>;
  /** Sequence in the history → sequence in the script. */
  readonly places: Map<string, number>;
  lastSeq: number;
  acks: number;
  hasConsumer: boolean;
}

const stream = "S";
const config = { name: stream, subjects: ["s.>"], storage: "file" };

/** undefined when a step lacks what it is about, such as the delete of a message that was left out. */
export function caseText(
  { before, culprit }: Script,
  blow: Blow,
  { suite, about }: { suite: string; about: string },
): CaseText | undefined {
  const fault = faultStep(blow);
  if (fault === undefined) {
    return undefined;
  }
  const model: Model = { stored: new Map(), places: new Map(), lastSeq: 0, acks: 0, hasConsumer: false };
  const steps: Step[] = [{ "stream-create": config }];
  const lastAck = [...before, culprit].findLastIndex(({ kind }) => kind === "double-ack");
  for (const [index, action] of [...before, culprit].entries()) {
    const isCulprit = index === before.length;
    // Acks are gathered: the consumer gets its messages in one pull, at the last of them.
    if (action.kind === "double-ack" && index !== lastAck) {
      model.acks++;
      continue;
    }
    const done = stepsOf(action, model);
    if (done === undefined && isCulprit) {
      return undefined;
    }
    steps.push(...(done ?? []));
  }
  const look = lookAt(culprit, model);
  const all = [...steps, fault, look];
  const file = {
    suite,
    about,
    cases: [{ id: `${idOf(culprit)}-survives`, checks: [requirementOf(culprit, blow)], steps: all }],
  };
  return { text: stringify(file, { lineWidth: 140 }), steps: all.length };
}

function faultStep({ does, keep, seed }: Blow): Step | undefined {
  switch (does) {
    case "kill":
      return { kill: {} };
    case "restart":
      return { restart: {} };
    case "power-cut":
      return { "power-cut": keep === "random" ? { keep, seed } : { keep } };
    default:
      return undefined;
  }
}

function stepsOf(action: Action, model: Model): Step[] | undefined {
  switch (action.kind) {
    case "publish":
      return [publish(model, action)];
    case "double-ack":
      return doubleAcks(model);
    case "create-consumer":
      return consumer(model);
    case "delete-message":
      return deleteMessage(model, action);
    case "purge":
      return [purge(model, action)];
    case "update-stream":
      return [{ "stream-update": { ...config, description: "changed" } }];
    case "delete-stream":
      return [{ "stream-delete": { stream } }];
    default:
      return [];
  }
}

function publish(model: Model, { subject = 1, seq }: Action): Step {
  model.lastSeq++;
  const message = { subject: `s.${subject}`, data: `message ${model.lastSeq}` };
  model.stored.set(model.lastSeq, message);
  if (seq !== undefined) {
    model.places.set(seq, model.lastSeq);
  }
  return { publish: message };
}

function consumer(model: Model): Step[] {
  if (model.hasConsumer) {
    return [];
  }
  model.hasConsumer = true;
  return [{ "consumer-create": { stream, name: "C", ack_policy: "explicit", ack_wait: "1s" } }];
}

/** As many as were acknowledged so far and this one; there have to be so many messages. */
function doubleAcks(model: Model): Step[] {
  const wanted = ++model.acks;
  const missing = Math.max(0, wanted - model.stored.size);
  const publishes = Array.from({ length: missing }, () => publish(model, { kind: "publish" }));
  const pull = { fetch: { stream, consumer: "C", batch: wanted }, expect: { messages: { length: wanted } }, save: "got" };
  return [...publishes, ...consumer(model), pull, { ack: { message: "$got.messages", confirm: true } }];
}

function deleteMessage(model: Model, { seq = "" }: Action): Step[] | undefined {
  const place = model.places.get(seq);
  if (place === undefined || !model.stored.delete(place)) {
    return undefined;
  }
  return [{ "message-delete": { stream, seq: place } }];
}

function purge(model: Model, { filter, below }: Action): Step {
  const limit = below === undefined ? undefined : placeBelow(model, below);
  for (const [seq, { subject }] of model.stored) {
    if ((filter === undefined || subject === `s.${filter}`) && (limit === undefined || seq < limit)) {
      model.stored.delete(seq);
    }
  }
  return {
    "stream-purge": { stream, ...(filter === undefined ? {} : { filter: `s.${filter}` }), ...(limit === undefined ? {} : { seq: limit }) },
  };
}

/** The script's sequence for one of the history: that of the first kept message not below it. */
function placeBelow(model: Model, below: string): number {
  const kept = [...model.places].filter(([seq]) => BigInt(seq) >= BigInt(below)).map(([, place]) => place);
  return kept.length === 0 ? model.lastSeq + 1 : Math.min(...kept);
}

/** What a server that kept the change answers. */
function lookAt(culprit: Action, model: Model): Step {
  const info = (expect: unknown): Step => ({ "stream-info": { stream }, expect });
  switch (culprit.kind) {
    case "publish":
      return { "message-get": { stream, seq: model.lastSeq }, expect: { message: { data: model.stored.get(model.lastSeq)?.data ?? "" } } };
    case "double-ack": {
      const floor = [...model.stored.keys()].sort((a, b) => a - b)[model.acks - 1] ?? model.lastSeq;
      return { "consumer-info": { stream, consumer: "C" }, expect: { ack_floor: { stream_seq: floor } } };
    }
    case "create-consumer":
      return { "consumer-info": { stream, consumer: "C" }, expect: { name: "C" } };
    case "update-stream":
      return info({ config: { description: "changed" } });
    case "delete-stream":
      return info({ error: { err_code: 10_059 } });
    default:
      return info({ state: { messages: model.stored.size, last_seq: model.lastSeq } });
  }
}

function idOf({ kind }: Action): string {
  return kind === "publish" ? "an-acknowledged-publish" : kind === "double-ack" ? "a-confirmed-ack" : `an-acknowledged-${kind}`;
}

/** By the kind of change and of fault; `restart` is covered by what survives a kill. */
function requirementOf({ kind }: Action, { does }: Blow): string {
  const what = kind === "publish" ? "acked-survives" : kind === "double-ack" ? "confirmed-ack-survives" : "changes-survive";
  return `durability.${what}-${does === "power-cut" ? "power-loss" : "kill"}`;
}
