#!/usr/bin/env node
// The command's door. A clone runs the TypeScript source, the published package runs dist/ (Node strips no types under node_modules).
// Kept in plain JavaScript that an old Node can parse, so that a wrong version gets a clear answer instead of a syntax error.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = new URL("../", import.meta.url);
const source = new URL("cli/main.ts", root);
const entry = existsSync(source) ? source : new URL("dist/cli/main.js", root);
const [major] = process.versions.node.split(".").map(Number);

if (major >= 24) {
  await import(entry.href);
} else {
  const bundled = fileURLToPath(new URL("node_modules/node/bin/node", root));
  if (!existsSync(bundled)) {
    process.stderr.write(`streamproof needs Node 24 or newer; this is ${process.version}. In a clone, \`npm ci\` brings its own.\n`);
    process.exit(2);
  }
  const child = spawn(bundled, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    // The terminal sends Ctrl-C to both; this process only waits for the other's end.
    process.on(signal, () => signal !== "SIGINT" && child.kill(signal));
  }
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 1;
  });
}
