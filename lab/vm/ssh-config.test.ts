import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sshConfig, sshEnv, writeSshConfig } from "./ssh-config";

const hosts = [
  { number: 1, port: 40_001, hostKey: "ssh-ed25519 AAAA1" },
  { number: 2, port: 40_002, hostKey: "ssh-ed25519 AAAA2" },
];

describe("the lab's ssh", () => {
  let dir: string;

  beforeAll(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "lab ssh "));
    writeSshConfig(dir, `${dir}/key`, hosts);
  });
  afterAll(() => fs.rmSync(dir, { recursive: true }));

  /** What the real ssh makes of the configuration, reached as any program reaches it. */
  const effective = (host: string) => {
    const text = execFileSync("ssh", ["-G", host], { env: sshEnv(dir), encoding: "utf8" });
    return Object.fromEntries<string | undefined>(
      text.split("\n").map((line) => [line.split(" ")[0] ?? "", line.slice(line.indexOf(" ") + 1)]),
    );
  };

  test.each([
    ["lab1", "root", "40001", "lab1"],
    ["lab2-admin", "admin", "40002", "lab2"],
    ["lab2-plain", "plain", "40002", "lab2"],
  ])("plain `ssh %s` logs in as %s at port %s", (host, user, port, hostkeyalias) => {
    expect(effective(host)).toMatchObject({
      ...{ user, port, hostkeyalias, hostname: "127.0.0.1", stricthostkeychecking: "true" },
      ...{ identityfile: `${dir}/key`, userknownhostsfile: `${dir}/known_hosts` },
    });
  });

  test("every host key is known before the first connection", () => {
    expect(sshConfig(dir, "key", hosts).knownHosts).toBe("lab1 ssh-ed25519 AAAA1\nlab2 ssh-ed25519 AAAA2\n");
  });

  test("a wrapper written from within a lab's environment still runs the real ssh", () => {
    const path0 = process.env.PATH;
    const inner = fs.mkdtempSync(path.join(os.tmpdir(), "lab-ssh-"));
    process.env.PATH = sshEnv(dir).PATH;
    try {
      writeSshConfig(inner, "key", []);
      expect(fs.readFileSync(path.join(inner, "bin", "ssh"), "utf8")).not.toContain(dir);
    } finally {
      process.env.PATH = path0;
      fs.rmSync(inner, { recursive: true });
    }
  });
});
