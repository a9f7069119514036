import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { Fault, Parsed } from "../../errors";

/** Larger than any inventory; what is larger was meant to be something else. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The files that an inventory may be made of: those below one folder, so that an inventory of somebody else cannot show yours. */
export class Files {
  private readonly root: string;
  private readonly realRoot: string;
  private readonly texts = new Map<string, Parsed<string>>();
  private readonly found = new Map<string, { path: string; fault?: Fault }>();

  constructor(root: string) {
    this.root = resolve(root);
    this.realRoot = existsSync(root) ? realpathSync(root) : this.root;
  }

  /** The text of a file without a byte order mark; `written` is what problems call it. */
  read(path: string, written = shown(path)): Parsed<string> {
    const full = resolve(path);
    const known = this.texts.get(full);
    if (known) return known;
    const read = this.readNow(full, written);
    if (!read.fault) this.texts.set(full, read);
    return read;
  }

  /** A file that a file in `folder` names: its path from here, and whether it can be read. */
  named(folder: string, written: string): { path: string; fault?: Fault } {
    const key = `${folder}/${written}`;
    const known = this.found.get(key);
    if (known) return known;
    const full = resolve(folder, written);
    const found = { path: relative(process.cwd(), full), fault: this.read(full, written).fault };
    if (!found.fault) this.found.set(key, found);
    return found;
  }

  /** The files that a pattern stands for: * in the last part of the path is any text without a slash. Sorted. */
  matching(pattern: string): string[] {
    const name = basename(pattern);
    if (!name.includes("*")) return [pattern];
    const like = new RegExp(`^${name.split("*").map(escaped).join("[^/]*")}$`);
    const folder = dirname(pattern);
    try {
      return readdirSync(folder)
        .filter((entry) => like.test(entry) && !entry.startsWith("."))
        .sort()
        .map((entry) => join(folder, entry));
    } catch {
      return [];
    }
  }

  private readNow(path: string, written: string): Parsed<string> {
    const outside = {
      message: `${written} is outside of the folder of the inventory`,
      remedy: "move it below that folder, or name a folder that has both as the root",
    };
    if (![this.root, this.realRoot].some((root) => isBelow(root, path))) return { fault: outside };
    try {
      // A link may lead out of the folder too.
      if (!isBelow(this.realRoot, realpathSync(path))) return { fault: outside };
      const status = statSync(path);
      if (!status.isFile())
        return { fault: { message: `${written} is no file`, remedy: "name a file, or several: FOLDER/*.yaml" } };
      if (status.size > MAX_BYTES)
        return {
          fault: {
            message: `${written} has ${Math.ceil(status.size / 1024 / 1024)} MiB`,
            remedy: `at most ${MAX_BYTES / 1024 / 1024}: split it, and include the parts`,
          },
        };
      return decoded(readFileSync(path), written);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      if (code === "ENOENT" || code === "ENOTDIR")
        return {
          fault: {
            message: `there is no file ${written}`,
            remedy: "give the path from the folder of the file that says so",
          },
        };
      return { fault: { message: `${written} cannot be read (${code})`, remedy: "make it readable" } };
    }
  }
}

function isBelow(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function decoded(bytes: Buffer, name: string): Parsed<string> {
  try {
    // The decoder takes the byte order mark away.
    const value = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!value.includes("\0")) return { value };
  } catch {
    // told below
  }
  return { fault: { message: `${name} is not UTF-8 text`, remedy: "save it as UTF-8" } };
}

/** The way to a file as a person would type it here: from this folder, unless the whole path is shorter. */
export function shown(path: string): string {
  const full = resolve(path);
  const way = relative(process.cwd(), full) || ".";
  return way.length <= full.length ? way : full;
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}
