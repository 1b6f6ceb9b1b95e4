import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterAll, expect, test } from "vitest";
import { parseFilefrag, unmovedSectors } from "./extents.ts";
import { draw } from "./mix.ts";
import { seededRandom } from "./random.ts";
import { copySectors, countSectors, difference, differingSectors, intersection, normalised, type SectorRun } from "./sectors.ts";

const folder = mkdtempSync(join(tmpdir(), "streamproof-test-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const runs = fc.array(fc.tuple(fc.nat(300), fc.integer({ min: 1, max: 20 }))).map((list) => normalised(list));
const setOf = (list: readonly SectorRun[]): Set<number> =>
  new Set(list.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index)));

test("differing sectors are exactly those in which two images differ, and copying them makes the images equal", async () => {
  const a = join(folder, "a");
  const b = join(folder, "b");
  const images = fc.tuple(fc.integer({ min: 1, max: 40 }), fc.array(fc.nat(40 * 512 - 1), { maxLength: 30 }));
  await fc.assert(
    fc.asyncProperty(images, async ([sectors, changes]) => {
      const bytes = Buffer.alloc(sectors * 512, 7);
      writeFileSync(a, bytes);
      const expected = new Set<number>();
      for (const change of changes.filter((each) => each < bytes.length)) {
        bytes[change] = 8;
        expected.add(Math.floor(change / 512));
      }
      writeFileSync(b, bytes);
      const differing = await differingSectors(a, b);
      expect(setOf(differing)).toEqual(expected);
      await copySectors({ from: b, to: a, runs: differing });
      expect(readFileSync(a).equals(bytes)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("sets of sectors are joined and intersected as sets are", () => {
  fc.assert(
    fc.property(runs, runs, (left, right) => {
      const both = new Set([...setOf(left)].filter((sector) => setOf(right).has(sector)));
      expect(setOf(intersection(left, right))).toEqual(both);
      expect(countSectors(normalised([...left, ...right]))).toBe(new Set([...setOf(left), ...setOf(right)]).size);
    }),
  );
});

test("a draw takes only sectors it was given, none at chance 0, all at chance 1, and the same for the same seed", () => {
  fc.assert(
    fc.property(runs, fc.nat(), fc.constantFrom(1, 8, 64), (given, seed, unit) => {
      const taken = (chance: number) => draw({ runs: given, random: seededRandom(seed), chance, unit });
      expect([...setOf(taken(0.5))].every((sector) => setOf(given).has(sector))).toBe(true);
      expect(taken(0.5)).toEqual(taken(0.5));
      expect(taken(0)).toEqual([]);
      expect(taken(1)).toEqual(given);
    }),
  );
});

test("data without a place on the disk is not listed, and names may hold anything", () => {
  const output = `Filesystem type is: ef53
File size of ./a is 5 is 102400 (200 blocks of 512 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..     199:      33112..     33311:    200:
   1:      200..     399:      40000..     40199:    200:      33312: last,unwritten,eof
./a is 5: 2 extents found
File size of ./b is 100 (1 block of 512 bytes)
 ext:     logical_offset:        physical_offset: length:   expected: flags:
   0:        0..       0:          0..         0:      0:             last,unknown_loc,delalloc,eof
./b: 1 extent found`;
  expect(parseFilefrag(output)).toEqual([
    { file: "./a is 5", logical: 0, physical: 33112, count: 200 },
    { file: "./a is 5", logical: 200, physical: 40000, count: 200 },
  ]);
});

test("only sectors that hold the same part of the same file count as unmoved", () => {
  const before = [{ file: "a", logical: 0, physical: 100, count: 10 }];
  const after = [
    { file: "a", logical: 4, physical: 104, count: 20 },
    { file: "b", logical: 0, physical: 100, count: 4 },
    { file: "a", logical: 30, physical: 100, count: 2 },
  ];
  expect(unmovedSectors(before, after)).toEqual([[104, 6]]);
});

test("a difference is what is in the first set and not in the second", () => {
  expect(
    difference(
      [
        [0, 10],
        [20, 5],
      ],
      [
        [2, 3],
        [8, 14],
      ],
    ),
  ).toEqual([
    [0, 2],
    [5, 3],
    [22, 3],
  ]);
});
