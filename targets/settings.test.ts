import { expect, test } from "vitest";
import { nearest } from "./nearest.ts";
import { parseDurationMs, parseSizeBytes } from "./quantities.ts";
import { applySettings, checkSettings, type Settings, settingsInForce } from "./settings.ts";
import { builtInTargetFiles, readTargetFile } from "./target-file.ts";
import { compareVersions, findVersion } from "./versions.ts";

const file = readTargetFile(builtInTargetFiles().get("nats-server") ?? "");
const content = { jetstream: { store_dir: "/d" } };
const apply = (settings: Settings) => applySettings(file, content, settings);

test("a declared setting goes to its path in the kind its type says", () => {
  expect(apply({ sync_interval: "always", max_file_store: "1GB" })).toEqual({
    jetstream: { store_dir: "/d", sync_interval: "always", max_file_store: 1024 ** 3 },
  });
  expect(content).toEqual({ jetstream: { store_dir: "/d" } });
});

test("a dotted path reaches any key of the configuration", () => {
  expect(apply({ "jetstream.max_outstanding_catchup": "64", "websocket.no_tls": "true" })).toEqual({
    jetstream: { store_dir: "/d", max_outstanding_catchup: 64 },
    websocket: { no_tls: true },
  });
});

test("defaults are shown as in force and not written", () => {
  expect(settingsInForce(file, {})).toEqual({ sync_interval: "2m" });
  expect(settingsInForce(file, { sync_interval: "1s" })).toEqual({ sync_interval: "1s" });
  expect(apply({})).toEqual(content);
});

test("an unknown setting and a value of the wrong kind are refused with what would be right", () => {
  const refusal = (settings: Settings) => {
    try {
      checkSettings(file, settings);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  expect(refusal({ syncinterval: "1s" })).toMatchObject({
    code: "TARGET_SETTING_UNKNOWN",
    message: expect.stringContaining('did you mean "sync_interval"?'),
  });
  expect(refusal({ sync_interval: "soon" })).toMatchObject({
    code: "TARGET_SETTING_UNKNOWN",
    message: 'target "nats-server": sync_interval=soon is not a duration or one of always',
  });
  expect(refusal({ max_payload: "much" })).toMatchObject({ message: expect.stringContaining("is not a size") });
  expect(refusal({ sync_interval: "always", "jetstream.anything": "x" })).toBeUndefined();
});

test("durations and sizes are read with their units, and nothing else is", () => {
  expect(["500ms", "1.5s", "2m", "1h", "1", "s", "-1s", "1 s"].map(parseDurationMs)).toEqual([
    500,
    1500,
    120_000,
    3_600_000,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  expect(["4096", "1k", "1KB", "2MiB", "1.5MB", "1x"].map(parseSizeBytes)).toEqual([4096, 1000, 1024, 2 ** 21, undefined, undefined]);
});

test("versions compare by their numbers, a pre-release before its release, an unknown one as newest", () => {
  const sorted = ["2.9.0", "2.10.0-RC.2", "2.10.0-RC.10", "2.10.0", "2.10.1", "dev"];
  expect([...sorted].reverse().sort(compareVersions)).toEqual(sorted);
  expect(findVersion("nats-server: v2.15.2")).toBe("2.15.2");
  expect(findVersion("no version here: 2.15")).toBeUndefined();
});

test("the nearest word is offered for a typo and none for something else", () => {
  expect(nearest("syncinterval", ["sync_interval", "domain"])).toBe("sync_interval");
  expect(nearest("colour", ["sync_interval", "domain"])).toBeUndefined();
});
