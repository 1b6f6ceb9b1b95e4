/** What there is to run, for `list` and `explain`. */
import { listProfiles } from "../load/catalog.ts";
import { type CaseListing, type Explanation, explain, listCases, loadCatalog, type Selection } from "../suites/index.ts";

export interface Catalogue {
  readonly cases: readonly CaseListing[];
  readonly requirements: readonly { readonly id: string; readonly level: string; readonly says: string }[];
  readonly profiles: readonly { readonly name: string; readonly about: string }[];
  readonly campaigns: readonly { readonly name: string; readonly about: string }[];
  readonly loads: readonly { readonly name: string; readonly about: string }[];
}

export function catalogue(selection: Selection = {}): Catalogue {
  const catalog = loadCatalog();
  return {
    cases: listCases(catalog, selection),
    requirements: [...catalog.requirements.values()].map(({ id, level, says }) => ({ id, level, says })),
    profiles: [...catalog.profiles.values()].map(({ profile, about }) => ({ name: profile, about })),
    campaigns: [...catalog.campaigns.values()].map(({ campaign, about }) => ({ name: campaign, about })),
    loads: listProfiles().map(({ name, about }) => ({ name, about })),
  };
}

/** Throws `CatalogError` when no case, or more than one, has this name. */
export function explainName(name: string): Explanation {
  return explain(loadCatalog(), name);
}
