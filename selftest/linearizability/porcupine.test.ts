/** Two searches that share no code, ours and Porcupine's, say the same of the same histories, sound and broken. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { keyHistories } from "../../evidence/linearizability/key-histories.ts";
import type { RegisterOperation } from "../../evidence/linearizability/register.ts";
import { linearize } from "../../evidence/linearizability/search.ts";
import { mutated, mutations } from "../../evidence/mutations/registry.ts";
import { soundHistory } from "../../evidence/mutations/sound-history.ts";
import { exportedHistory, randomRegisterHistory, soundRegisterHistory } from "./random-histories.ts";

const here = import.meta.dirname;
const reason = whyNotHere();

function whyNotHere(): string | undefined {
  try {
    execFileSync("go", ["version"], { stdio: "ignore" });
  } catch {
    return "Go is not installed";
  }
  try {
    execFileSync("go", ["mod", "download"], { cwd: here, stdio: "ignore", timeout: 60_000 });
    return undefined;
  } catch {
    return "the Go module of Porcupine can't be had";
  }
}

function verdictsOfPorcupine(histories: readonly (readonly RegisterOperation[])[]): string[] {
  const folder = mkdtempSync(join(tmpdir(), "porcupine-"));
  try {
    const program = join(folder, "linearizability");
    execFileSync("go", ["build", "-o", program, "."], { cwd: here, stdio: "pipe", timeout: 240_000 });
    const input = `${histories.map(exportedHistory).join("\n")}\n`;
    return execFileSync(program, { input, encoding: "utf8", maxBuffer: 64 << 20, timeout: 240_000 })
      .trimEnd()
      .split("\n");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const ours = { linearizable: "ok", "not-linearizable": "illegal", unknown: "unknown" } as const;

/** The keys of whole histories, as they are and with each fault that concerns keys. */
function keysOfHistories(): (readonly RegisterOperation[])[] {
  const ofKeys = mutations.filter((mutation) => mutation.caughtBy === "per-key-linearizable" || mutation.caughtBy === "preconditions-hold");
  const seeds = Array.from({ length: 12 }, (_, index) => index + 1);
  const histories = seeds.flatMap((seed) => [soundHistory(seed), ...ofKeys.map((mutation) => mutated(mutation, seed))]);
  return histories.filter((history) => history !== undefined).flatMap((history) => keyHistories(history).map((key) => key.operations));
}

test("what a register without faults gives has an order", () => {
  const histories = Array.from({ length: 1000 }, (_, index) => soundRegisterHistory(index + 1));
  expect(histories.filter((history) => linearize(history).verdict !== "linearizable")).toEqual([]);
});

test.skipIf(reason !== undefined)(
  `our search and Porcupine agree on a thousand histories${reason === undefined ? "" : ` (skipped: ${reason})`}`,
  { timeout: 300_000 },
  () => {
    const random = Array.from({ length: 1000 }, (_, index) => randomRegisterHistory(index + 1));
    const histories = [...random, ...keysOfHistories()].filter((history) => history.length > 0);
    const said = histories.map((history) => ours[linearize(history).verdict]);
    const porcupine = verdictsOfPorcupine(histories);
    const differing = said.flatMap((verdict, index) =>
      verdict === porcupine[index] ? [] : [{ index, ours: verdict, porcupine: porcupine[index] }],
    );
    expect(differing).toEqual([]);
    const illegal = said.filter((verdict) => verdict === "illegal").length;
    expect(illegal).toBeGreaterThan(200);
    expect(said.length - illegal).toBeGreaterThan(500);
  },
);
