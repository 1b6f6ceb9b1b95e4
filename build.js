// Builds the published package: tsc writes JavaScript to dist/, then the data that stands beside the code is copied to the same places.
// Node refuses to strip types under node_modules, so the package never runs from source.
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, globSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const data = [
  "suites/{requirements,cases,profiles,campaigns,schema}/**/*.{yaml,json,mjs,js}",
  "suites/features.yaml",
  "suites/control/target.yaml",
  "targets/**/*.{yaml,json}",
  "load/{profiles,schema}/**/*.{yaml,json}",
  "reference/bin/nats-server",
];

process.chdir(root);
rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", "tsconfig.build.json"], { stdio: "inherit" });
for (const file of globSync(data)) {
  const target = join("dist", file);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(file, target);
}
chmodSync("dist/reference/bin/nats-server", 0o755);
