/**
 * Several files in one stream: a line `== NAME` begins each, and a line of content that begins with `==` carries one more
 * `=`. The first line of a payload is therefore never YAML, which makes Pulumi diff it line by line.
 */
export function encodeFrames(files: Readonly<Record<string, string>>): string {
  return Object.entries(files)
    .map(([name, content]) => {
      if (/[\n\0]/.test(name)) throw new RangeError(`frame name with a line break: ${JSON.stringify(name)}`);
      const lines = content.replace(/\n$/, "").split("\n");
      return [`== ${name}`, ...(content === "" ? [] : lines.map((line) => line.replace(/^==/, "===")))].join("\n");
    })
    .join("\n");
}

/** Reads lines, each with its line break, that encodeFrames made; every content ends with a line break unless it is empty. Lines before the first frame are left out. */
export function decodeFrames(text: string): Map<string, string> {
  const files = new Map<string, string>();
  let name: string | undefined;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const header = /^== (.*)$/.exec(line);
    if (header) files.set((name = header[1]!), "");
    else if (name !== undefined) files.set(name, `${files.get(name)!}${line.replace(/^===/, "==")}\n`);
  }
  return files;
}
