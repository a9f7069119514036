/** A line of a POSIX shell for each value that there is: `KEY='value'`, which the host's scripts read with `.`. */
export function encodeConf(values: Readonly<Record<string, string | number | undefined>>): string[] {
  return Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}='${String(value).replace(/'/g, "'\\''")}'`],
  );
}

/** Values by key, of the lines that encodeConf made; other lines are left out, and so is a value with a line break. */
export function decodeConf(text: string): Map<string, string> {
  const lines = text.matchAll(/^([A-Z][A-Z0-9_]*)='(.*)'$/gm);
  return new Map([...lines].map(([, key, value]) => [key!, value!.replace(/'\\''/g, "'")]));
}
