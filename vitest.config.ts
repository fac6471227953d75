import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // Real processes, servers and deadlines: a busy machine may miss one once. What fails twice is a fault.
    retry: 1,
    pool: "forks",
    // Tests wait for processes and servers most of their time: a worker per core, where the default leaves one core out.
    maxWorkers: Math.max(2, availableParallelism()),
    coverage: {
      provider: "v8",
      include: ["src/core/**", "src/plan/**", "src/deliver/**", "src/settle/**"],
      reporter: ["text-summary", "json-summary"],
    },
  },
});
