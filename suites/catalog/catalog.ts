/** Reads everything under `suites/` that a person wrote and makes one catalogue of it, or says in one go what is wrong with all of it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { type Campaign, campaignFile, campaignProblems } from "./campaign-file.ts";
import { caseFile, caseFileProblems } from "./case-file.ts";
import { type Feature, featureFile } from "./feature-file.ts";
import { type Case, expand } from "./matrix.ts";
import { CatalogError, type Problem } from "./problem.ts";
import { type Profile, profileFile } from "./profile-file.ts";
import { type Requirement, requirementFile } from "./requirement-file.ts";
import { didYouMean } from "./suggestion.ts";
import { validate } from "./validation.ts";
import { readYaml, type YamlSource } from "./yaml-source.ts";

export interface Catalog {
  readonly directory: string;
  readonly cases: readonly Case[];
  /** Names of those that came from files of the caller. */
  readonly given: readonly string[];
  readonly requirements: ReadonlyMap<string, Placed<Requirement>>;
  readonly profiles: ReadonlyMap<string, Placed<Profile>>;
  readonly campaigns: ReadonlyMap<string, Placed<Campaign>>;
  readonly features: readonly Placed<Feature>[];
}

export type Placed<T> = T & { readonly place: string };

export const suitesDirectory = dirname(dirname(fileURLToPath(import.meta.url)));

/** `caseFiles` are case files outside of the folder. Throws `CatalogError` (`CATALOG_INVALID`, `CATALOG_UNREADABLE`) with every problem of every file. */
export function loadCatalog(directory: string = suitesDirectory, caseFiles: readonly string[] = []): Catalog {
  const reader = new Reader(directory);
  const casesOf = (path: string): Case[] =>
    reader.read(path, caseFile, (file, source) => {
      reader.problems.push(...caseFileProblems(file, source));
      return expand(file, source);
    });
  const given = caseFiles.flatMap((path) => casesOf(resolve(path)));
  const cases = [...casesOf("cases"), ...given];
  const requirements = reader.read("requirements", requirementFile, (file, source) =>
    file.requirements.map((each, index) => ({ ...each, place: source.place(["requirements", index, "id"]) })),
  );
  const profiles = reader.read("profiles", profileFile, (file, source) => [{ ...file, place: source.place(["profile"]) }]);
  const campaigns = reader.read("campaigns", campaignFile, (file, source) => {
    reader.problems.push(...campaignProblems(file, source));
    return [{ ...file, place: source.place(["campaign"]) }];
  });
  const features = reader.read("features.yaml", featureFile, (file, source) =>
    file.features.map((each, index) => ({ ...each, place: source.place(["features", index]) })),
  );
  const catalog = {
    directory,
    cases,
    given: given.map(({ name }) => name),
    requirements: reader.byKey(requirements, (each) => each.id, "requirement"),
    profiles: reader.byKey(profiles, (each) => each.profile, "profile"),
    campaigns: reader.byKey(campaigns, (each) => each.campaign, "campaign"),
    features,
  };
  reader.byKey(cases, (each) => each.name, "case");
  reader.checkReferences(catalog);
  reader.throwIfProblems();
  return catalog;
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Every YAML file below `folder` (or the one file of that name), in the order of their names. */
  read<Schema extends z.ZodType, Item>(
    folder: string,
    schema: Schema,
    convert: (file: z.output<Schema>, source: YamlSource) => Item[],
  ): Item[] {
    const what = `a file of ${folder}`;
    return this.#files(folder).flatMap((path) => {
      const { source, problems } = readYaml(shownPath(path), this.#text(path));
      this.problems.push(...problems);
      if (problems.length > 0) {
        // What could not be read well would only give complaints that follow from the first.
        return [];
      }
      const checked = validate(schema, source.value, { source, what });
      this.problems.push(...checked.problems);
      return checked.value === undefined ? [] : convert(checked.value, source);
    });
  }

  byKey<T extends { readonly place: string }>(items: readonly T[], key: (item: T) => string, what: string): Map<string, T> {
    const found = new Map<string, T>();
    for (const item of items) {
      const other = found.get(key(item));
      if (other !== undefined) {
        this.problems.push({ place: item.place, message: `${what} "${key(item)}" stands twice; the other is at ${other.place}` });
      }
      found.set(key(item), item);
    }
    return found;
  }

  /** Names in one file that another file must know. A wrong one would make a case prove nothing. */
  checkReferences(catalog: Catalog): void {
    if (this.problems.length > 0) {
      return;
    }
    // Cases of one matrix stand at one place and would complain once for each of its values.
    for (const { checks, place, id: name } of new Map(catalog.cases.map((each) => [each.place, each])).values()) {
      for (const id of checks.filter((each) => !catalog.requirements.has(each))) {
        this.problems.push({
          place,
          message: `case "${name}" checks "${id}", which is no requirement${didYouMean(id, catalog.requirements.keys())}`,
        });
      }
    }
  }

  throwIfProblems(): void {
    if (this.problems.length > 0) {
      const unique = [...new Map(this.problems.map((each) => [`${each.place} ${each.message}`, each])).values()];
      throw new CatalogError("CATALOG_INVALID", unique);
    }
  }

  #files(folder: string): string[] {
    const path = resolve(this.#directory, folder);
    if (folder.endsWith(".yaml")) {
      return [path];
    }
    try {
      const entries = readdirSync(path, { recursive: true, withFileTypes: true });
      const files = entries
        .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name));
      return files.sort();
    } catch (error) {
      throw unreadable(path, error);
    }
  }

  #text(path: string): string {
    try {
      return readFileSync(path, "utf8");
    } catch (error) {
      throw unreadable(path, error);
    }
  }
}

function unreadable(path: string, error: unknown): CatalogError {
  return new CatalogError("CATALOG_UNREADABLE", [
    { place: path, message: `can't be read: ${error instanceof Error ? error.message : String(error)}` },
  ]);
}

/** Our own files are shown as they stand in the repository, a third party's from where it works. */
function shownPath(path: string): string {
  const fromSuites = relative(dirname(suitesDirectory), path);
  const shown = fromSuites.startsWith("..") ? relative(process.cwd(), path) : fromSuites;
  return (shown.startsWith("..") ? path : shown).split(sep).join("/");
}
