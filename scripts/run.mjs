// run.mjs FILE [ARG…]: runs a TypeScript file of this repository with what package-lock.json asks for, installing it first where
// it is missing or older than the lock file. So `npm start` and `npm test` work on a fresh clone.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Node.js ${process.versions.node} is too old: 20.19 or newer is needed.`);
  process.exit(1);
}

const stamp = join(root, "node_modules", ".installed-from");
const wanted = createHash("sha256")
  .update(readFileSync(join(root, "package-lock.json")))
  .digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  console.error("Installing the npm packages of package-lock.json …");
  const started = Date.now();
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: "inherit",
  });
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(stamp, wanted);
  console.error(`… done in ${Math.round((Date.now() - started) / 1000)} s`);
}

const [file, ...args] = process.argv.slice(2);
const tsx = join(root, "node_modules", "tsx", "dist", "cli.mjs");
const { status, signal } = spawnSync(process.execPath, [tsx, resolve(root, file), ...args], { stdio: "inherit" });
process.exit(signal ? 130 : (status ?? 1));
