// copy-host-files.mjs [DESTINATION]: what runs on the host (scripts, units, rules) is read at run time from beside the
// compiled code: provider/**/host/ -> DESTINATION/**/host/, by default dist.
import { cpSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

const destination = process.argv[2] ?? "dist";
for (const entry of readdirSync("provider", { withFileTypes: true, recursive: true })) {
  if (entry.isDirectory() && entry.name === "host") {
    const folder = join(entry.parentPath, entry.name);
    cpSync(folder, join(destination, relative("provider", folder)), { recursive: true });
  }
}
