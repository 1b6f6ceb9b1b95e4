/**
 * Creating and updating consumers has three forms (ADR-15, ADR-37): `CONSUMER.CREATE.<stream>` for ephemerals of the old kind,
 * `CONSUMER.CREATE.<stream>.<consumer>[.<filter>]`, and the older `CONSUMER.DURABLE.CREATE.<stream>.<consumer>`.
 */
import { Consumer } from "../consumer.ts";
import { type ConsumerConfig, type ConsumerRequest, decodeConsumerRequest, withRequiredLevel } from "../consumer-config.ts";
import { createOrUpdateConsumer } from "../consumer-creation.ts";
import { type ApiError, apiErrors, isApiError } from "../errors.ts";
import { answeredConsumer } from "./consumer-answer.ts";
import type { ApiCall, ApiReply, Endpoint } from "./endpoint.ts";

const type = "consumer_create_response";

/** What the subject says, against which the request is checked. */
interface Named {
  readonly stream: string;
  readonly name: string;
  readonly filter: string;
}

type Form = "ephemeral" | "named" | "durable";

export const consumerCreateEphemeral: Endpoint = {
  subject: "CONSUMER.CREATE.*",
  type,
  handle(call) {
    return create(call, "ephemeral");
  },
};

export const consumerCreateNamed: Endpoint = {
  subject: "CONSUMER.CREATE.*.*",
  type,
  handle(call) {
    return create(call, "named");
  },
};

export const consumerCreateFiltered: Endpoint = {
  subject: "CONSUMER.CREATE.*.*.>",
  type,
  handle(call) {
    return create(call, "named");
  },
};

export const consumerCreateDurable: Endpoint = {
  subject: "CONSUMER.DURABLE.CREATE.*.*",
  type,
  handle(call) {
    return create(call, "durable");
  },
};

function create(call: ApiCall, form: Form): ApiReply {
  const request = decodeConsumerRequest(call.body, { strict: call.account.strict });
  if (isApiError(request)) {
    return { error: request };
  }
  const [stream = "", name = "", filter = ""] = call.tokens;
  const subject = { stream, name: form === "ephemeral" ? request.config.name : name, filter };
  const refusal = checkSubject(request, subject, form);
  if (refusal !== undefined) {
    return { error: refusal };
  }
  const host = call.account.streams.get(stream);
  if (host === undefined) {
    return { error: apiErrors.streamNotFound };
  }
  const config = { ...request.config, name: subject.name };
  const existing = host.consumers.get(subject.name);
  if (existing instanceof Consumer) {
    // Only CONSUMER.PAUSE changes the pause of an existing consumer.
    config.pause_until = existing.config.pause_until;
  }
  const consumer = createOrUpdateConsumer(host, { ...request, config: withRequiredLevel(config) });
  return isApiError(consumer) ? { error: consumer } : { success: answeredConsumer(call, consumer) };
}

function checkSubject({ stream, config }: ConsumerRequest, subject: Named, form: Form): ApiError | undefined {
  if (stream !== subject.stream) {
    return apiErrors.streamMismatch;
  }
  if (/[\\/]/.test(subject.name)) {
    return apiErrors.consumerNameContainsPathSeparators;
  }
  return checkDurable(config, subject, form) ?? checkFilter(config, subject) ?? checkReplicas(config);
}

function checkDurable({ durable_name }: ConsumerConfig, { name }: Named, form: Form): ApiError | undefined {
  if (form === "ephemeral") {
    return durable_name === "" ? undefined : apiErrors.consumerEphemeralWithDurableName;
  }
  if (durable_name === "") {
    return form === "durable" ? apiErrors.consumerDurableNameNotSet : undefined;
  }
  return durable_name === name ? undefined : apiErrors.consumerDurableNameNotMatchSubject;
}

function checkFilter({ filter_subject, filter_subjects }: ConsumerConfig, { filter }: Named): ApiError | undefined {
  if (filter === "") {
    return undefined;
  }
  if (filter_subjects.length > 0) {
    return apiErrors.consumerMultipleFiltersNotAllowed;
  }
  return filter_subject === filter ? undefined : apiErrors.consumerCreateFilterSubjectMismatch;
}

function checkReplicas({ num_replicas }: ConsumerConfig): ApiError | undefined {
  return num_replicas > 1 ? apiErrors.streamReplicasNotSupported : undefined;
}
