import { describe, expect, it } from "vitest";
import { decodeFrames, INSTALLER_END } from "../ssh";
import { hostFiles, renderFiles, renderInstaller } from "./render";

describe("what the host gets", () => {
  it("is every file with its place and mode", () => {
    expect(hostFiles(false).map(({ path, mode }) => `${mode} ${path}`)).toMatchSnapshot();
  });

  it("carries the mark by which we know our files", () => {
    for (const { content, path } of hostFiles(false))
      expect(content.split("\n").slice(0, 2), path).toContain("# managed by pulumi-macvlan");
  });

  it("differs in the drop-in alone when Docker waits for the link", () => {
    const [open, closed] = [hostFiles(false), hostFiles(true)];
    const different = closed.filter(({ content }, i) => open[i]!.content !== content);
    expect(different.map(({ path }) => path)).toEqual(["/etc/systemd/system/docker.service.d/50-macvlan.conf"]);
  });

  it("survives the way there", () => {
    const frames = decodeFrames(`${renderFiles(hostFiles(false))}\n`);
    for (const { path, mode, content } of hostFiles(false)) expect(frames.get(`${path} ${mode}`)).toBe(content);
  });

  // One variable of the environment has at most 128 KiB (MAX_ARG_STRLEN).
  it("fits into a variable", () => {
    expect(Buffer.byteLength(`FILES=${renderFiles(hostFiles(true))}`)).toBeLessThan(120 * 1024);
  });

  it("begins with an installer that ends once", () => {
    expect(
      renderInstaller()
        .split("\n")
        .filter((line) => line === INSTALLER_END),
    ).toHaveLength(1);
    expect(renderInstaller().endsWith(`\n${INSTALLER_END}`)).toBe(true);
  });
});
