/** JSON Schemas of the files people write, for their editors. Generated into `suites/schema/`; a test proves them current. */
import { z } from "zod";
import { campaignFile } from "./campaign-file.ts";
import { caseFile } from "./case-file.ts";
import { featureFile } from "./feature-file.ts";
import { profileFile } from "./profile-file.ts";
import { requirementFile } from "./requirement-file.ts";

const files = { campaign: campaignFile, case: caseFile, feature: featureFile, profile: profileFile, requirement: requirementFile };

/** File name → text. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    Object.entries(files).map(([name, schema]) => {
      // As written, not as read: a default may be left out.
      const text = JSON.stringify(
        { title: `streamproof ${name} file`, ...z.toJSONSchema(schema, { io: "input", unrepresentable: "any" }) },
        null,
        2,
      );
      return [`${name}.schema.json`, `${text}\n`];
    }),
  );
}
