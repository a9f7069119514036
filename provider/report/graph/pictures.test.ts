import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { NETWORKING_PAGE, networkingPage, pictures } from "../../../scripts/networking-page";

const page = readFileSync(NETWORKING_PAGE, "utf8");

it.each(pictures().map(({ name, ...picture }) => [name, picture] as const))(
  "docs/pictures/%s.svg is what `npm run docs` writes",
  (_, { path, svg }) => expect(readFileSync(path, "utf8")).toBe(svg),
);

it("docs/networking.md has the specification of each picture as it is, and shows every one", () => {
  expect(page).toBe(networkingPage(page));
  const shown = [...page.matchAll(/!\[[^\]]+\]\(pictures\/([^)]+)\.svg\)/g)].map(([, name]) => name);
  expect([...shown].sort()).toEqual(pictures().map(({ name }) => name));
});

it("links to rules, pages and headings that there are", () => {
  const docs = join(NETWORKING_PAGE, "..");
  for (const [, file, anchor] of page.matchAll(/\]\(([\w/.-]*)(?:#([\w-]+))?\)/g)) {
    if (anchor !== undefined) expect(headings(join(docs, file || "networking.md"))).toContain(anchor);
    if (file) expect(readdirSync(join(docs, file, ".."))).toContain(file.split("/").at(-1));
  }
});

/** The anchors of a page's headings, as GitHub makes them. */
function headings(file: string): string[] {
  return [...readFileSync(file, "utf8").matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\w -]/g, "")
      .replaceAll(" ", "-"),
  );
}
