import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { recipeHash, SUITES } from "./image/image";
import { Lab } from "./lab";
import { locked } from "./lock";
import { cacheDir, labDir } from "./paths";
import { probeText, statusText } from "./tables";
import { identityFiles } from "./vm/identity";

describe("folders", () => {
  test("follow XDG, and pass over relative values as XDG says", () => {
    expect(cacheDir({ XDG_CACHE_HOME: "/c" })).toBe("/c/pulumi-macvlan/lab");
    expect(cacheDir({ XDG_CACHE_HOME: "c" })).toBe(path.join(os.homedir(), ".cache/pulumi-macvlan/lab"));
    expect(labDir("host", { XDG_STATE_HOME: "/s" })).toBe("/s/pulumi-macvlan/lab/run/host");
    expect(labDir("host", { LAB_DIR: "/somewhere" })).toBe("/somewhere");
  });

  test("refuse names that are no words, and paths in which no socket fits", () => {
    for (const name of ["", "../x", "A", "a".repeat(40)]) expect(() => labDir(name, {})).toThrow("lab name");
    expect(() => labDir("x", { LAB_DIR: `/${"d".repeat(95)}` })).toThrow("too long for a unix socket");
  });
});

describe("recipe", () => {
  test("each suite has its own, and it stays the same", () => {
    const folder = path.join(__dirname, "image");
    expect(new Set(SUITES.map((suite) => recipeHash(folder, suite))).size).toBe(SUITES.length);
    expect(recipeHash(folder, "sid")).toBe(recipeHash(folder, "sid"));
  });

  test("changes with any file but code", () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), "recipe-"));
    const hash = () => recipeHash(folder, "trixie");
    fs.mkdirSync(path.join(folder, "rootfs"));
    fs.writeFileSync(path.join(folder, "rootfs", "a"), "1");
    const first = hash();
    fs.writeFileSync(path.join(folder, "image.ts"), "code");
    expect(hash()).toBe(first);
    fs.writeFileSync(path.join(folder, "rootfs", "a"), "2");
    expect(hash()).not.toBe(first);
    fs.rmSync(folder, { recursive: true });
  });
});

const neverWaits = () => expect.fail("nobody holds the lock");

describe("locked", () => {
  let file: string;
  beforeEach(() => (file = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "lock-")), "it.lock")));
  afterEach(() => fs.rmSync(path.dirname(file), { recursive: true }));

  test("one after the other, and the second is told to wait", async () => {
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 50));
      log.push(`${name} ends`);
    };
    await Promise.all([
      locked(file, work("first"), () => log.push("first waits")),
      locked(file, work("second"), (pid) => log.push(`second waits for ${pid === process.pid}`)),
    ]);
    expect(log).toEqual(["first begins", "second waits for true", "first ends", "second begins", "second ends"]);
  });

  test("a lock of a process that is gone is taken over", async () => {
    fs.writeFileSync(file, "4194304\n"); // above the kernel's greatest pid
    expect(await locked(file, () => Promise.resolve("done"), neverWaits)).toBe("done");
    expect(fs.existsSync(file)).toBe(false);
  });

  test("is released when the work fails", async () => {
    const work = () => Promise.reject(new Error("broken"));
    await expect(locked(file, work, neverWaits)).rejects.toThrow("broken");
    expect(fs.existsSync(file)).toBe(false);
  });
});

describe("hosts", () => {
  test("are called lab1 to lab9", () => {
    const lab = Lab.named("unit");
    expect(lab.host("lab3")).toMatchObject({ name: "lab3", ip: "192.168.76.13", mac: "52:54:00:00:02:03" });
    expect(lab.host(3).alias("admin")).toBe("lab3-admin");
    for (const name of ["lab0", "lab10", "gw1", ""])
      expect(() => lab.host(name)).toThrow("hosts are called lab1 to lab9");
  });

  test("have an identity of their own", () => {
    expect(identityFiles(4)["etc/hostname"]).toBe("lab4\n");
    expect(identityFiles(4)["etc/systemd/network/20-lan.network"]).toMatch(
      /MACAddress=52:54:00:00:02:04[^]*Address=192\.168\.76\.14\/24/,
    );
  });
});

describe("tables", () => {
  test("who answered", () => {
    const found = { "192.168.76.53": [{ mac: "02:42:c0:a8:4c:35", port: "lab1", answers: 3 }], "192.168.76.9": [] };
    expect(probeText(found)).toBe(
      [
        "ADDRESS        MAC                PORT  ANSWERS",
        "-------------  -----------------  ----  -------",
        "192.168.76.53  02:42:c0:a8:4c:35  lab1  3",
        "192.168.76.9   nobody                   0",
        "",
      ].join("\n"),
    );
  });

  test("no lab", () => {
    expect(statusText({ lab: "x", dir: "/x", lan: false, hosts: [] })).toBe(
      "no lab x: start it with `npm run lab -- up`\n",
    );
  });
});
