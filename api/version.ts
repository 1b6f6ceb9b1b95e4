/** The tool's own version, from the package that this file belongs to (the source tree's or the installed one's). */
import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

function findPackage(): URL {
  for (const candidate of ["../package.json", "../../package.json"]) {
    const url = new URL(candidate, import.meta.url);
    if (existsSync(url)) {
      return url;
    }
  }
  throw new Error("streamproof's package.json is missing beside its code");
}

const manifest = z.object({ version: z.string() });

export const toolVersion: string = manifest.parse(JSON.parse(readFileSync(findPackage(), "utf8"))).version;
