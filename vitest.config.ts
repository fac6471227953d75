import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: "forks",
    coverage: {
      provider: "v8",
      include: ["src/core/**", "src/plan/**", "src/deliver/**", "src/settle/**"],
      reporter: ["text-summary", "json-summary"],
    },
  },
});
