import { execa } from "execa";
import { expect, test } from "vitest";
import { claimPort } from "./port-claim.ts";

const module = new URL("./port-claim.ts", import.meta.url).pathname;
const elsewhere = async (from: number): Promise<number> => {
  const script = `import { claimPort } from ${JSON.stringify(module)}; console.log((await claimPort("127.0.0.1", ${from})).port);`;
  const { stdout } = await execa(process.execPath, ["--input-type=module", "--eval", script]);
  return Number(stdout);
};

test("a claimed port on which nobody listens is taken for every other process", async () => {
  const claim = await claimPort("127.0.0.1");
  try {
    expect(await elsewhere(claim.port)).not.toBe(claim.port);
  } finally {
    claim.release();
  }
});

test("a released port can be claimed again", async () => {
  const claim = await claimPort("127.0.0.1");
  claim.release();
  expect(await elsewhere(claim.port)).toBe(claim.port);
});
