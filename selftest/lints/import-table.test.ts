import { expect, test } from "vitest";
import { checkImports, importsOf } from "./import-table.ts";
import { readSourceTree } from "./source-tree.ts";

const says = (files: Record<string, string>): string[] =>
  checkImports(new Map(Object.entries(files))).map((each) => `${each.file}: ${each.says}`);

test("every import of the project stays within the import table", () => {
  const tree = readSourceTree();
  expect(tree.size).toBeGreaterThan(5);
  expect(checkImports(tree)).toEqual([]);
});

test("the judge importing the judged is refused", () => {
  expect(says({ "suites/runner/run.ts": 'import { startServer } from "../../reference/index.ts";' })).toEqual([
    'suites/runner/run.ts: suites/ may not import reference/ ("../../reference/index.ts")',
  ]);
});

test("the judged importing the judge is refused, also as a type and dynamically", () => {
  expect(says({ "reference/main.ts": 'import type { Connection } from "../wire/connection.ts";' })).toHaveLength(1);
  expect(says({ "reference/main.ts": 'const wire = await import("../wire/connection.ts");' })).toHaveLength(1);
});

test("an allowed import passes", () => {
  expect(says({ "targets/a.ts": 'import { connect } from "../wire/connection.ts";\nexport const x = connect;' })).toEqual([]);
});

test("the core touching the machine is refused", () => {
  expect(says({ "reference/store/a.ts": 'import fs from "node:fs";' })[0]).toContain("reaches the machine only through ports.ts");
  expect(says({ "reference/broker/a.ts": "const now = Date.now();" })[0]).toContain("uses Date");
  expect(says({ "reference/jetstream/a.ts": "setTimeout(() => {}, 1);" })[0]).toContain("uses timers");
  expect(says({ "reference/io/a.ts": 'import fs from "node:fs";\nsetTimeout(run, 1);' })).toEqual([]);
});

test("a cycle inside a room is refused, a type-only one is none", () => {
  const cycle = { "wire/a.ts": 'import { b } from "./b.ts";', "wire/b.ts": 'import { a } from "./a.ts";' };
  expect(says(cycle)[0]).toContain("import cycle: wire/a.ts → wire/b.ts → wire/a.ts");
  expect(says({ ...cycle, "wire/b.ts": 'import type { A } from "./a.ts";' })).toEqual([]);
});

test("imports are found over several lines and not in comments", () => {
  expect(importsOf('import {\n  a,\n  b,\n} from "./x.ts";\n// import { c } from "./y.ts";\n/* from "./z.ts" */')).toEqual(["./x.ts"]);
});

test("a test package in shipped code is refused", () => {
  expect(says({ "api/run.ts": 'import { test } from "vitest";' })[0]).toContain('test package "vitest"');
});
