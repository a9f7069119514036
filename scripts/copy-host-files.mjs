// What runs on the host (scripts, units, rules) is read at run time from beside the compiled code: provider/**/host/ -> dist/**/host/.
import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";

for (const folder of readdirSync("provider", { withFileTypes: true, recursive: true })) {
  if (folder.isDirectory() && folder.name === "host") {
    const from = join(folder.parentPath, folder.name);
    cpSync(from, from.replace(/^provider/, "dist"), { recursive: true });
  }
}
