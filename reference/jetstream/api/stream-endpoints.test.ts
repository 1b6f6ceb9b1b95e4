import { expect, test } from "vitest";
import { JetStreamFixture } from "../jetstream-fixture.contract.ts";

function withStream(config: Readonly<Record<string, unknown>> = {}): JetStreamFixture {
  const fixture = new JetStreamFixture();
  fixture.createStream({ name: "S", subjects: ["s.>"], ...config });
  return fixture;
}

const answer = (headers: string) => headers.split("\r\n").filter((line) => line !== "");

test("creating an equal stream again succeeds, a different one is refused", () => {
  const fixture = withStream();
  expect(fixture.createStream({ name: "S", subjects: ["s.>"] }).did_create).toBe(true);
  expect(fixture.createStream({ name: "S", subjects: ["s.>"], max_msgs: 0 }).did_create).toBe(true);
  expect(fixture.createStream({ name: "S", subjects: ["s.>"], max_msgs: 1 }).error?.err_code).toBe(10058);
  expect(fixture.createStream({ name: "T", subjects: ["s.a"] }).error?.err_code).toBe(10065);
});

test("what a client gets back as configuration it can send again unchanged", () => {
  const fixture = withStream({ metadata: { mine: "1" } });
  const config = fixture.api("STREAM.INFO.S").config ?? {};
  expect(config).toMatchObject({ metadata: { mine: "1", "_nats.ver": "2.15.2", "_nats.level": "5", "_nats.req.level": "0" } });
  expect(fixture.createStream({ name: "S", ...config }).error).toBeUndefined();
});

test("64-bit limits come back with all their digits", () => {
  const fixture = new JetStreamFixture();
  const text = fixture.request(
    "$JS.API.STREAM.CREATE.S",
    '{"name":"S","storage":"memory","max_msgs":9007199254740993,"max_age":9223372036854775807}',
  );
  expect(text).toContain('"max_msgs":9007199254740993,');
  expect(text).toContain('"max_age":9223372036854775807,');
});

test.each([
  { mirror: { name: "T" } },
  { sources: [{ name: "T" }] },
  { republish: { src: ">", dest: "r.>" } },
  { subject_transform: { src: ">", dest: "t.>" } },
  { compression: "s2" },
  { allow_msg_ttl: true },
  { subject_delete_marker_ttl: 1e9 },
  { allow_msg_counter: true },
  { allow_msg_schedules: true },
  { persist_mode: "async" },
  { placement: { tags: ["a"] } },
])("a feature that is not here yet is refused by the name of its field: %o", (config) => {
  const { error } = new JetStreamFixture().createStream({ name: "S", subjects: ["s"], ...config });
  expect(error).toEqual({ code: 500, err_code: 10052, description: `${Object.keys(config)[0]} is not supported by this server yet` });
});

test("file storage on a server without a directory is refused, not a crash", () => {
  const { error } = new JetStreamFixture().createStream({ name: "S", storage: "file" });
  expect(error).toMatchObject({ err_code: 10049, description: "error creating store for stream" });
});

test("unknown requests stay unanswered and are not counted", () => {
  const fixture = new JetStreamFixture();
  expect(fixture.request("$JS.API.STREAM.NOPE.S")).toBeUndefined();
  expect(fixture.request("$JS.API.NOPE.NOPE")).toBeUndefined();
  expect(fixture.api("STREAM.INFO.S").error?.err_code).toBe(10059);
  expect(fixture.api("INFO").api).toEqual({ level: 5, total: 1, errors: 1 });
});

test("nobody counts as a receiver of a direct get that is not allowed", () => {
  const fixture = withStream();
  const get = { subject: "$JS.API.DIRECT.GET.S", reply: "r", payload: Buffer.from("{}"), epoch: 0 };
  expect(fixture.account.publish(get)).toBe(false);
  expect(fixture.account.publish({ ...get, subject: "$JS.API.STREAM.NOPE" })).toBe(true);
});

test("a direct get answers with the message's own headers and those that name it", () => {
  const fixture = withStream({ allow_direct: true });
  fixture.send("s.a", "one", { mine: "1" });
  const [reply] = fixture.requestAll("$JS.API.DIRECT.GET.S.s.a");
  expect(reply?.data).toBe("one");
  expect(answer(reply?.headers ?? "")).toEqual([
    "NATS/1.0",
    "mine: 1",
    "Nats-Stream: S",
    "Nats-Subject: s.a",
    "Nats-Sequence: 1",
    "Nats-Time-Stamp: 2023-11-14T22:13:20Z",
  ]);
});

test("a batch of direct gets counts down and ends with its own status", () => {
  const fixture = withStream({ allow_direct: true });
  ["one", "two", "three"].map((data) => fixture.send("s.a", data));
  const replies = fixture.requestAll("$JS.API.DIRECT.GET.S", JSON.stringify({ seq: 1, batch: 2 }));
  expect(replies.map(({ data }) => data)).toEqual(["one", "two", ""]);
  expect(answer(replies[1]?.headers ?? "")).toContain("Nats-Num-Pending: 1");
  expect(answer(replies[2]?.headers ?? "")).toEqual(["NATS/1.0 204 EOB", "Nats-Num-Pending: 1", "Nats-Last-Sequence: 2"]);
});

test("with a domain the API answers under both names, direct gets too", () => {
  const fixture = new JetStreamFixture({ domain: "hub" });
  fixture.createStream({ name: "S", subjects: ["s"], allow_direct: true });
  fixture.send("s", "one");
  expect(fixture.request("$JS.hub.API.STREAM.INFO.S")).toContain('"domain":"hub"');
  expect(fixture.request("$JS.hub.API.DIRECT.GET.S", '{"seq":1}')).toBe("one");
  expect(fixture.request("$JS.other.API.STREAM.INFO.S")).toBeUndefined();
});

test("advisories go out only to those who listen", () => {
  const fixture = new JetStreamFixture();
  const heard: string[] = [];
  fixture.account.subscribe("$JS.EVENT.ADVISORY.>", (message) => {
    heard.push(
      `${message.subject.text} ${Buffer.from(message.buffer.subarray(message.payloadStart, message.payloadEnd)).toString("utf8")}`,
    );
  });
  fixture.createStream({ name: "S", subjects: ["s"] });
  fixture.api("STREAM.DELETE.S");
  expect(heard.map((event) => event.split(" ")[0])).toEqual([
    "$JS.EVENT.ADVISORY.STREAM.CREATED.S",
    "$JS.EVENT.ADVISORY.API",
    "$JS.EVENT.ADVISORY.STREAM.DELETED.S",
    "$JS.EVENT.ADVISORY.API",
  ]);
  expect(heard[0]).toMatch(
    /"type":"io.nats.jetstream.advisory.v1.stream_action","id":"\w{22}","timestamp":"[^"]+","stream":"S","action":"create"/,
  );
});

test("deleting a stream frees its subjects and its name", () => {
  const fixture = withStream();
  fixture.send("s.a");
  expect(fixture.api("STREAM.DELETE.S").success).toBe(true);
  expect(fixture.request("s.a")).toBeUndefined();
  expect(fixture.createStream({ name: "T", subjects: ["s.a"] }).did_create).toBe(true);
});

test("subject counts are told only when asked for", () => {
  const fixture = withStream();
  ["s.a", "s.b", "s.a"].map((subject) => fixture.send(subject));
  expect(fixture.api("STREAM.INFO.S").state?.subjects).toBeUndefined();
  expect(fixture.api("STREAM.INFO.S", { subjects_filter: "s.*" })).toMatchObject({ total: 2, state: { subjects: { "s.a": 2, "s.b": 1 } } });
});

test("a changed list of subjects takes effect at once", () => {
  const fixture = withStream();
  fixture.api("STREAM.UPDATE.S", { name: "S", subjects: ["t"], storage: "memory" });
  expect(fixture.request("s.a")).toBeUndefined();
  expect(fixture.send("t").seq).toBe(1);
});
