// The golden reports as HTML: what a reader sees is a table, a folded part or code, never the marks for it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { marked } from "marked";
import { describe, expect, it } from "vitest";
import { block, code, plainText, row } from "./markdown";

const folder = join(__dirname, "__snapshots__");
const reports = readdirSync(folder).filter((name) => name.endsWith(".md"));

describe("the reports as HTML", () => {
  it.each(reports)("%s", async (name) => {
    const html = await marked.parse(readFileSync(join(folder, name), "utf8"));
    const words = html.replace(/<pre>.*?<\/pre>/gs, "").replace(/<!--.*?-->|<[^>]+>/gs, "");
    expect(words).not.toMatch(/\*\*|\| |```|^#+ |<\/?details/m);
    for (const tag of ["details", "table", "pre", "summary"])
      expect(html.split(`<${tag}`).length, tag).toBe(html.split(`</${tag}>`).length);
    const rows = [...html.matchAll(/<table>(.*?)<\/table>/gs)].map(([table]) => table.split("<tr>").slice(1));
    for (const table of rows) expect(new Set(table.map((cells) => cells.split(/<t[hd]/).length)).size).toBe(1);
  });
});

describe("text of others", () => {
  const shown = async (markdown: string): Promise<string> => (await marked.parse(markdown)).trim();

  it.each(["a|b", "`", "``x`", "a`b|c", "<b>", " "])("%j is a code span in a table, and nothing else", async (text) => {
    const html = await shown(`| a | b |\n| --- | --- |\n${row([code(text), "x"])}`);
    const [, inside] = /<td><code>(.*?)<\/code><\/td>/s.exec(html) ?? [];
    const escaped = text.replace(/</g, "&lt;").replace(/>/g, "&gt;");
    expect(inside?.trim()).toBe(escaped.trim());
    expect(html.match(/<td>/g)).toHaveLength(2);
  });

  it.each(["**a**", "_a_", "[x](y)", "<img src=x>", "a\n\n# b", "~~a~~"])("%j stays what it is", async (text) => {
    const html = await shown(plainText(text));
    expect(html).not.toMatch(/<(?!\/?p>)/);
  });

  it("keeps a block that has fences in it", async () => {
    expect(await shown(block("diff", "```\n</details>\n````"))).toBe(
      '<pre><code class="language-diff">```\n&lt;/details&gt;\n````\n</code></pre>',
    );
  });
});
