/** Sequences beyond 2^53 through every request that takes or tells one; bodies are text, because a `number` would round them. */
import { api, info, remove, type Step } from "./official-steps.contract.ts";

const first = 9_007_199_254_740_993n;
const at = (offset: number) => first + BigInt(offset);

const beginning: readonly Step[] = [
  api(
    "STREAM.CREATE.S",
    `{"name":"S","subjects":["s.>"],"allow_direct":true,"allow_rollup_hdrs":true,"allow_atomic":true,"first_seq":${first}}`,
  ),
  info("S"),
  ["s.a", "", { "Nats-Expected-Last-Sequence": "0" }],
  ["s.a", "", { "Nats-Expected-Last-Sequence": `${at(0)}` }],
  ["s.a", "one", { "Nats-Expected-Last-Sequence": `${at(-1)}`, "Nats-Msg-Id": "m" }],
  ["s.a", "one", { "Nats-Msg-Id": "m" }],
  ...["b", "a", "c", "a", "b"].map((subject): Step => [`s.${subject}`, "x"]),
  ["s.a", "", { "Nats-Expected-Last-Sequence": `${at(1)}` }],
  ["s.a", "", { "Nats-Expected-Last-Sequence": "5" }],
  ["s.a", "", { "Nats-Expected-Last-Subject-Sequence": `${at(0)}` }],
  ["s.a", "", { "Nats-Expected-Last-Subject-Sequence": `${at(4)}` }],
  ["s.d", "", { "Nats-Expected-Last-Subject-Sequence": `${at(4)}` }],
  ["s.d", "", { "Nats-Expected-Last-Subject-Sequence": "0" }],
  ["s.e", "", { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "1", "Nats-Expected-Last-Subject-Sequence": "0" }],
  ["s.f", "", { "Nats-Batch-Id": "b", "Nats-Batch-Sequence": "2", "Nats-Batch-Commit": "1" }],
  ["s.e", "", { "Nats-Batch-Id": "c", "Nats-Batch-Sequence": "1", "Nats-Expected-Last-Sequence": "5", "Nats-Batch-Commit": "1" }],
];

const reading: readonly Step[] = [
  ...[at(0), at(4), at(-1), at(99), 5n, 18_446_744_073_709_551_615n].flatMap((sequence) => [
    api("STREAM.MSG.GET.S", `{"seq":${sequence}}`),
    api("DIRECT.GET.S", `{"seq":${sequence}}`),
    api("STREAM.MSG.GET.S", `{"seq":${sequence},"next_by_subj":"s.b"}`),
    api("DIRECT.GET.S", `{"seq":${sequence},"batch":2}`),
  ]),
  api("STREAM.MSG.GET.S", { last_by_subj: "s.a" }),
  api("DIRECT.GET.S", `{"multi_last":["s.a","s.b"],"up_to_seq":${at(5)}}`),
  api("DIRECT.GET.S", `{"multi_last":["s.>"],"seq":${at(5)}}`),
  api("DIRECT.GET.S.s.c"),
];

const changing: readonly Step[] = [
  ...[at(2), at(2), at(-1), at(99), 5n, 18_446_744_073_709_551_615n].map((sequence) => api("STREAM.MSG.DELETE.S", `{"seq":${sequence}}`)),
  info("S"),
  api("STREAM.PURGE.S", '{"seq":5}'),
  api("STREAM.PURGE.S", `{"seq":${at(1)}}`),
  api("STREAM.PURGE.S", `{"filter":"s.a","seq":${at(6)}}`),
  api("STREAM.PURGE.S", '{"filter":"s.a","keep":1}'),
  info("S"),
  ["s.a", "x", { "Nats-Rollup": "sub" }],
  api("STREAM.UPDATE.S", '{"name":"S","subjects":["s.>"],"allow_direct":true,"allow_rollup_hdrs":true,"first_seq":7}'),
  ["s.a", "x", { "Nats-Msg-Id": "n" }],
  info("S"),
];

const consumers: readonly Step[] = [
  ...["all", "new", "last"].map((policy) => creation(`"deliver_policy":"${policy}"`)),
  ...[5n, at(3), at(99)].map((sequence) => creation(`"deliver_policy":"by_start_sequence","opt_start_seq":${sequence}`)),
].flatMap((create) => [create, api("CONSUMER.RESET.S.C"), api("CONSUMER.RESET.S.C", `{"seq":${at(4)}}`), api("CONSUMER.DELETE.S.C")]);

function creation(settings: string): Step {
  return api("CONSUMER.CREATE.S.C", `{"stream_name":"S","config":{"durable_name":"C","ack_policy":"explicit",${settings}}}`);
}

/** What both servers are asked before they are started again, and after it. */
export const beforeRestart: readonly Step[] = [
  ...beginning,
  ...changing,
  creation(`"deliver_policy":"by_start_sequence","opt_start_seq":${at(3)}`),
  // Sequences come to lie beyond 2^52 by a purge, too.
  api("STREAM.CREATE.T", '{"name":"T","subjects":["t.>"]}'),
  ["t.a", "x"],
  api("STREAM.PURGE.T", `{"seq":${2n ** 52n}}`),
  ["t.a", "x"],
];
export const afterRestart: readonly Step[] = [
  info("T"),
  ["t.a", "x"],
  info("S"),
  api("CONSUMER.INFO.S.C"),
  api("STREAM.MSG.GET.S", `{"seq":${at(4)}}`),
  ["s.a", "x", { "Nats-Msg-Id": "n" }],
  ["s.a", "x"],
  api("STREAM.PURGE.S"),
  info("S"),
  ["s.a", "x"],
];

export const largeSequences: readonly Step[] = [
  ...beginning,
  ...reading,
  ...changing,
  ...consumers,
  api("CONSUMER.RESET.S.NOPE"),
  info("S"),
  api("STREAM.PURGE.S"),
  info("S"),
  ["s.a", "x"],
  remove("S"),
];
