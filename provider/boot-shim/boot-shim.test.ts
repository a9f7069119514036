import { describe, expect, it } from "vitest";
import { formatProblem } from "../errors";
import { findAll, HostFacts } from "../observe";
import { fixture } from "../observe/fixtures/fixture";
import { decodeFrames, INSTALLER_END } from "../ssh";
import { bootShimRules } from "./preflight";
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

describe("preflight", () => {
  const bare = fixture("trixie-bare");
  const find = (facts: HostFacts) =>
    findAll(bootShimRules, facts, undefined).map((finding) => `${finding.id} ${formatProblem(finding)}`);
  const docker = (change: object) => ({ ...bare, docker: { ...bare.docker!, ...change } }) as HostFacts;
  const account = (sudo: string) => ({ ...bare, account: { uid: 1000, name: "op", groups: ["op"], sudo } });

  it("finds nothing on a good host, by root or with sudo", () => {
    expect(find(bare)).toEqual([]);
    expect(find(fixture("trixie-in-use"))).toEqual([]);
    expect(find(account("ok"))).toEqual([]);
  });

  it.each<[string, HostFacts, string]>([
    [
      "no sudo",
      fixture("trixie-no-sudo"),
      "account-rights ssh.destination: the account op is not root and there is no sudo; log in as root",
    ],
    ["a sudo that asks", account("password"), "sudo asks it for a password"],
    [
      "no Docker",
      fixture("trixie-no-docker"),
      "docker-missing ssh.destination: there is no Docker on the host; install Docker Engine",
    ],
    ["no systemd", { ...bare, systemd: undefined }, "systemd ssh.destination: the host was not started by systemd"],
    [
      "Docker from snap",
      docker({ path: "/snap/docker/1/bin/docker" }),
      "docker-kind ssh.destination: the host has Docker from the snap store",
    ],
    ["Podman", docker({ path: "/usr/bin/podman" }), "docker-kind ssh.destination: the host has Podman"],
    [
      "Podman behind Docker's client",
      docker({ server: { version: "4", apiVersion: "1.41", components: ["Podman Engine"] } }),
      "has Podman",
    ],
    ["rootless Docker", docker({ info: { ...bare.docker!.info!, security: ["name=rootless"] } }), "rootless Docker"],
    ["Docker Desktop", docker({ info: { ...bare.docker!.info!, os: "Docker Desktop" } }), "Docker Desktop"],
    [
      "no docker.service",
      { ...bare, units: new Map() },
      "docker-unit ssh.destination: Docker is not run by docker.service",
    ],
    [
      "missing tools",
      { ...bare, tools: bare.tools.filter((tool) => tool !== "flock") },
      "tools ssh.destination: the host lacks flock",
    ],
  ])("%s", (_, facts, expected) => {
    const found = find(facts);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(expected);
  });
});
