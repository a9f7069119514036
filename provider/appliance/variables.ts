/** A variable in a text that Compose interpolates. */
export interface Variable {
  readonly name: string;
  /** It has a value of its own if the variable is not set (`${X:-…}`, `${X-…}`) or may be absent (`${X:+…}`). */
  readonly optional: boolean;
}

/**
 * The variables that Compose would look up in a text: `$X`, `${X}`, `${X:-default}`, `${X:?message}`, `${X:+other}`, with
 * variables inside the defaults; `$$` is a plain dollar sign.
 */
export function variablesIn(text: string): Variable[] {
  const found: Variable[] = [];
  for (let i = text.indexOf("$"); i >= 0 && i < text.length; i = text.indexOf("$", i)) {
    const rest = text.slice(i + 1);
    const plain = /^[A-Za-z_]\w*/.exec(rest);
    const braced = /^\{([A-Za-z_]\w*)(:?[-?+])?/.exec(rest);
    if (rest.startsWith("$")) i += 2;
    else if (plain) {
      found.push({ name: plain[0], optional: false });
      i += 1 + plain[0].length;
    } else if (braced) {
      found.push({ name: braced[1]!, optional: /[-+]$/.test(braced[2] ?? "") });
      // What follows is a default of any text: variables inside it are found on the way to the closing brace.
      i += 1 + braced[0].length;
    } else i += 1;
  }
  return found;
}

/** The keys that a .env file sets. Compose reads the one beside the compose file. */
export function keysOfEnvFile(text: string): string[] {
  return text.split("\n").flatMap((line) => /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*[=:]/.exec(line)?.[1] ?? []);
}
