import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    reporters: ["default", "./selftest/count-reporter.ts"],
    include: ["{wire,evidence,targets,suites,load,reports,api,cli,selftest,reference,docs}/**/*.test.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Files start servers of their own; more workers than cores only makes deadlines tight.
    maxWorkers: 2,
  },
});
