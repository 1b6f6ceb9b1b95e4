import { expect, test } from "vitest";
import { Names } from "./names.ts";

const names = new Names("c1x");

test("streams and subjects go out with the prefix and come back without", () => {
  const config = names.streamConfig({
    name: "S",
    subjects: ["s.>"],
    mirror: { name: "T", filter_subject: "t.a" },
    sources: [{ name: "U" }],
  });
  expect(config).toEqual({
    name: "c1x_S",
    subjects: ["c1x.s.>"],
    mirror: { name: "c1x_T", filter_subject: "c1x.t.a" },
    sources: [{ name: "c1x_U" }],
  });
  expect(names.strip(config)).toEqual({
    name: "S",
    subjects: ["s.>"],
    mirror: { name: "T", filter_subject: "t.a" },
    sources: [{ name: "U" }],
  });
});

test("a consumer keeps its name, its stream and filters are prefixed", () => {
  const body = names.body({
    stream_name: "S",
    config: { name: "C", durable_name: "C", filter_subjects: ["s.a"], ack_wait: "2s", backoff: ["1s", "5m"] },
  });
  expect(body).toEqual({
    stream_name: "c1x_S",
    config: {
      name: "C",
      durable_name: "C",
      filter_subjects: ["c1x.s.a"],
      ack_wait: 2_000_000_000n,
      backoff: [1_000_000_000n, 300_000_000_000n],
    },
  });
});

test("the server's own subjects and inboxes are left alone", () => {
  expect([names.subject("$JS.API.INFO"), names.subject("_INBOX.x"), names.subject("s.a")]).toEqual(["$JS.API.INFO", "_INBOX.x", "c1x.s.a"]);
});

test("the prefix is taken out of keys and of longer text", () => {
  expect(names.strip({ "c1x.s.a": 2, error: "stream c1x_S not found" })).toEqual({ "s.a": 2, error: "stream S not found" });
});

test("only streams of the prefix are owned", () => {
  expect([names.owns("c1x_S"), names.owns("c1x2_S"), names.owns("S")]).toEqual([true, false, false]);
});
