import { CST, Parser } from "yaml";

/**
 * Levels that a file may have. Readers call themselves for each, and where the stack is full while V8 compiles a regular
 * expression there is no exception to be caught: the process ends.
 */
const MOST_LEVELS = 200;

/** Where a text begins to be nested more deeply than is read. */
export function tooDeepAt(text: string): number | undefined {
  if (!mayBeDeep(text)) return undefined;
  // The parser keeps a stack of its own.
  const left: { token: CST.Token | undefined; level: number }[] = [];
  for (const token of new Parser().parse(text)) left.push({ token, level: 0 });
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { token, level } = next;
    if (token === undefined) continue;
    if (level > MOST_LEVELS) return token.offset;
    if (token.type === "document") left.push({ token: token.value, level });
    if ("items" in token)
      for (const { key, value } of token.items as { key?: CST.Token | null; value?: CST.Token }[])
        left.push({ token: key ?? undefined, level: level + 1 }, { token: value, level: level + 1 });
  }
  return undefined;
}

/** A look that costs next to nothing, so that what is flat is parsed once: brackets that are open, lines far to the right, and lists in lists on one line. */
function mayBeDeep(text: string): boolean {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    // [ and {, ] and }
    if (char === 91 || char === 123) open++;
    else if ((char === 93 || char === 125) && open > 0) open--;
    if (open > MOST_LEVELS / 2) return true;
  }
  return /^ {50}|^ *(?:[-?] +){25}/m.test(text);
}
