import { styleText } from "node:util";

/** Text that says the same without its colours. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly risky: (text: string) => string;
  readonly good: (text: string) => string;
  readonly faint: (text: string) => string;
  /** Characters a line may have. */
  readonly width: number;
}

const same = (text: string) => text;

/** For logs, pipes and tests. */
export const plain: Style = { bold: same, bad: same, risky: same, good: same, faint: same, width: 100 };

const WIDEST = 120;

/** Colours on a terminal, unless NO_COLOR (no-color.org) is set. */
export function styleOf(stream: { isTTY?: boolean; columns?: number }, env: NodeJS.ProcessEnv = process.env): Style {
  if (stream.isTTY !== true) return plain;
  const width = Math.max(40, Math.min(stream.columns ?? plain.width, WIDEST));
  if ((env.NO_COLOR ?? "") !== "" || env.TERM === "dumb") return { ...plain, width };
  return {
    bold: (text) => paint("bold", text),
    bad: (text) => paint("red", text),
    risky: (text) => paint("yellow", text),
    good: (text) => paint("green", text),
    faint: (text) => paint("dim", text),
    width,
  };
}

/** Whether there is a terminal that wants colours is decided above, for the stream that is written to. */
function paint(format: Parameters<typeof styleText>[0], text: string): string {
  return styleText(format, text, { validateStream: false });
}

/** Lines of at most `width` characters, each after the first below `indent`; a longer word stays whole. */
export function wrap(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = indent;
  for (const word of text.split(" ")) {
    if (line.length > indent.length && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent;
    }
    line += line.length > indent.length ? ` ${word}` : word;
  }
  return [...lines, line].join("\n");
}

/** Rows in columns under a header; a column without any content is left out. */
export function columns(header: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const kept = header.map((_, i) => i).filter((i) => rows.some((row) => (row[i] ?? "") !== ""));
  const widths = kept.map((i) => Math.max(header[i]!.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    kept
      .map((i, column) => (cells[i] ?? "").padEnd(widths[column]!))
      .join("  ")
      .trimEnd();
  return [line(header), ...rows.map(line)];
}
