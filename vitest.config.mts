import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      { test: { name: "unit", include: ["provider/**/*.test.ts", "lab/**/*.test.ts"], testTimeout: 30_000 } },
      { test: { name: "scripts", include: ["test/scripts/**/*.test.ts"], testTimeout: 60_000 } },
      {
        test: {
          name: "engine",
          include: ["test/engine/**/*.test.ts"],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "lab",
          // Debian 12 has a Docker that must be refused: what a host can do is not tested there.
          include: [process.env.LAB_SUITE === "bookworm" ? "test/lab/refused/*.test.ts" : "test/lab/*.test.ts"],
          globalSetup: ["test/lab/setup.ts"],
          testTimeout: 900_000,
          hookTimeout: 1_200_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
