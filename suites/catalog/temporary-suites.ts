/** For tests: a folder with suites written by the test, and the catalogue of it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Catalog, loadCatalog } from "./catalog.ts";

const requirements = `
area: t
about: For tests.
requirements:
  - { id: t.one, says: One thing holds., level: must, basis: { document: D, section: S, url: "https://example.com/d" }, since: "2.2", feature: 1 }
  - { id: t.two, says: Two things hold., level: observed, basis: { observed: pinned server 2.15.2 }, since: "2.2", feature: 1 }
`;

const files: Readonly<Record<string, string>> = {
  "requirements/t.yaml": requirements,
  "features.yaml": "features: [{ row: 1, feature: F, area: A, scope: in }]",
  "profiles/all.yaml": 'profile: all\nabout: Everything.\ninclude: ["**"]',
  "campaigns/k.yaml":
    "campaign: k\nabout: A.\nfaults: [{ do: kill, when: { acked: [1, 2] } }]\nworkload: { use: publish-acked }\nchecks: [no-acked-loss]\ncycles: 1\ncontrol: { keeps: memory, faults: [{ do: kill, when: { acked: 1 } }] }",
};

/** `over` replaces or adds files, by their path below the folder. The folder goes when the test is over. */
export function temporarySuites(over: Readonly<Record<string, string>>): { readonly directory: string; load(): Catalog } & Disposable {
  const directory = mkdtempSync(join(tmpdir(), "suites-"));
  for (const [path, text] of Object.entries({ ...files, "cases/t/a.yaml": minimalCase, ...over })) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), text);
  }
  return {
    directory,
    load: () => loadCatalog(directory),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}

const minimalCase = `
suite: t.a
about: For tests.
cases:
  - id: one-thing-holds
    checks: [t.one, t.two]
    steps:
      - stream-info: { stream: S }
        expect: { state: { messages: 1 } }
`;
