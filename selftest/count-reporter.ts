/** Ends a test run with one plain line that scripts can read: `N passed, N failed`, and the reasons of skipped tests above it. */
import type { Reporter, SerializedError, TestModule } from "vitest/node";

export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    let passed = 0;
    let failed = unhandled.length;
    const skipped: string[] = [];
    for (const module of modules) {
      let failedInModule = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        passed += result.state === "passed" ? 1 : 0;
        failedInModule += result.state === "failed" ? 1 : 0;
        if (result.state === "skipped") {
          skipped.push(`${test.fullName} (${result.note ?? "no reason given"})`);
        }
      }
      // A file that fails to load has no tests; it must not look like a success.
      failed += module.state() === "failed" ? Math.max(failedInModule, 1) : failedInModule;
    }
    for (const each of skipped) {
      process.stdout.write(`skipped: ${each}\n`);
    }
    process.stdout.write(`${passed} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`);
  }
}
