import { LineCounter, parseDocument } from "yaml";
import { Path } from "../errors";
import { offsetOf } from "../positions";

/** The text of a compose file, read. The same text gives the same object: nobody may change it. */
export interface ComposeFile {
  readonly file: unknown;
  /** Why it is not YAML. */
  readonly faults: readonly { readonly message: string; readonly place: string }[];
  /** `:3:5`: line and column of a value. */
  readonly placeOf: (path: Path) => string;
}

/** So many texts are kept: a fleet has many appliances and few compose files. */
const KEPT = 200;
const known = new Map<string, ComposeFile>();

/** Reads a compose file; each text once. */
export function parseCompose(text: string): ComposeFile {
  const before = known.get(text);
  if (before !== undefined) return before;
  if (known.size >= KEPT) known.clear();
  const read = parseNow(text);
  known.set(text, read);
  return read;
}

function parseNow(text: string): ComposeFile {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, merge: true, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = counter.linePos(offset);
    return `:${line}:${col}`;
  };
  const placeOf = (path: Path): string => at(offsetOf(document, path));
  const faults = document.errors.map(({ message, pos }) => ({ message, place: at(pos[0]) }));
  if (faults.length > 0) return { file: undefined, faults, placeOf };
  try {
    return { file: document.toJS() as unknown, faults, placeOf };
  } catch (error) {
    // an alias without anchor, or so many that the text would unfold to something huge
    return { file: undefined, faults: [{ message: (error as Error).message, place: "" }], placeOf };
  }
}
