import { readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { Fault, Parsed } from "../../errors";

/** Larger than any inventory; what is larger was meant to be something else. */
const MAX_BYTES = 32 * 1024 * 1024;

/** The files that an inventory may be made of: those below one folder, so that an inventory of somebody else cannot show yours. */
export class Files {
  private readonly root: string;
  private readonly texts = new Map<string, Parsed<string>>();

  constructor(root: string) {
    this.root = real(root) ?? resolve(root);
  }

  /** The text of a file without a byte order mark. */
  read(path: string): Parsed<string> {
    const full = resolve(path);
    const known = this.texts.get(full);
    if (known) return known;
    const read = this.readNow(full);
    this.texts.set(full, read);
    return read;
  }

  /** Why a path cannot be used. */
  fault(path: string): Fault | undefined {
    const full = real(path);
    if (full === undefined)
      return {
        message: `there is no file ${shown(path)}`,
        remedy: "give the path from the folder of the file that says so",
      };
    const inside = relative(this.root, full);
    if (inside === ".." || inside.startsWith("../") || isAbsolute(inside))
      return {
        message: `${shown(path)} is outside of ${shown(this.root)}, the folder of the inventory`,
        remedy: "move it below that folder, or give a folder that has both as the root",
      };
    return undefined;
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

  private readNow(path: string): Parsed<string> {
    const fault = this.fault(path);
    if (fault) return { fault };
    try {
      const status = statSync(path);
      if (status.isDirectory())
        return { fault: { message: `${shown(path)} is a folder`, remedy: "name a file, or several: FOLDER/*.yaml" } };
      if (status.size > MAX_BYTES)
        return {
          fault: {
            message: `${shown(path)} has ${Math.ceil(status.size / 1024 / 1024)} MiB`,
            remedy: `at most ${MAX_BYTES / 1024 / 1024}: split it, and include the parts`,
          },
        };
      return decoded(readFileSync(path), shown(path));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      return { fault: { message: `${shown(path)} cannot be read (${code})`, remedy: "make it readable" } };
    }
  }
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

/** The way to a file as a person would type it here. */
export function shown(path: string): string {
  return relative(process.cwd(), resolve(path)) || ".";
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

function escaped(text: string): string {
  return text.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
}
