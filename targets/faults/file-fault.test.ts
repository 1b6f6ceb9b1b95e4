import * as fc from "fast-check";
import { expect, test } from "vitest";
import { drawFileFault, type FileFault, fileFaultKinds, fits, parseFileFault, printFileFault } from "./file-fault.ts";

const seeds = fc.nat(1_000_000);

test("a printed fault is read back as it was", () => {
  const faults: fc.Arbitrary<FileFault> = fc.record(
    {
      kind: fc.constantFrom(...fileFaultKinds),
      files: fc.constantFrom("**", "**/*.blk", "a b/c=d", "seed=3 files=x"),
      seed: seeds,
      offset: seeds,
      bit: fc.nat(7),
      where: fc.constantFrom("data" as const, "zeros" as const),
    },
    { requiredKeys: ["kind", "files", "seed"] },
  );
  fc.assert(
    fc.property(faults, (fault) => {
      expect(parseFileFault(printFileFault(fault))).toEqual(fault);
    }),
  );
});

test("other text is no fault", () => {
  for (const text of ["", "bit-flop seed=1 files=**", "bit-flip files=**", "bit-flip seed=1 bit=8 files=**", "bit-flip seed=1 files="]) {
    expect(parseFileFault(text)).toBeUndefined();
  }
});

test("seeds draw every kind, the same seed the same one", () => {
  const drawn = Array.from({ length: 100 }, (_, seed) => drawFileFault({ seed }));
  expect(new Set(drawn.map(({ kind }) => kind))).toEqual(new Set(fileFaultKinds));
  expect(drawFileFault({ seed: 41 })).toEqual(drawn[41]);
});

test("a star stays within a folder, two stars cross folders, and nothing else is special", () => {
  expect(fits("**", "a/b/c.blk")).toBe(true);
  expect(fits("**/*.blk", "1.blk")).toBe(true);
  expect(fits("**/*.blk", "a/$G/1.blk")).toBe(true);
  expect(fits("*.blk", "a/1.blk")).toBe(false);
  expect(fits("a/*/1.blk", "a/b/1xblk")).toBe(false);
  expect(fits("a/(b)/*", "a/(b)/x")).toBe(true);
  expect(fits("a/**/c", "a/b/b/c")).toBe(true);
});
