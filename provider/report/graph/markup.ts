// What SVG is written with.

/** A line of text; none for nothing. */
export function text(x: number, y: number, content: string, style = ""): string {
  if (content === "") return "";
  const place = `x="${round(x)}" y="${round(y)}"`;
  return `<text ${place}${style === "" ? "" : ` class="${style}"`}>${xml(content)}</text>\n`;
}

export function round(number: number): number {
  return Math.round(number * 10) / 10;
}

/** Text within XML, without what XML cannot have. */
export function xml(content: string): string {
  return content
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "?")
    .replace(/&/g, "&amp;")
    .replace(/</g, "&lt;")
    .replace(/>/g, "&gt;")
    .replace(/"/g, "&quot;");
}
