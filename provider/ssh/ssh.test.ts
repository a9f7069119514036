import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  classify,
  confirmedCommand,
  decodeFrames,
  deleteCommand,
  destinationFault,
  dockerHost,
  encodeFrames,
  FailureKind,
  HELPER,
  installerCommand,
  INSTALLER_END,
  optionsFault,
  quote,
  quoteAll,
  remoteCommand,
  sshOptions,
} from ".";

const ssh = { destination: "gw1", options: ["-p", "2222"] };

describe("texts", () => {
  it("are the same for ever, since the state keeps them and versions to come run them", () => {
    expect(remoteCommand(ssh, ["appliance", "apply", "ntp"])).toMatchSnapshot();
    expect(deleteCommand(ssh, ["appliance", "down", "ntp"])).toMatchSnapshot();
    expect(confirmedCommand(ssh, ["link", "apply", "lan0"], ["link", "confirm", "lan0"])).toMatchSnapshot();
    expect(installerCommand(ssh)).toMatchSnapshot();
  });

  it("name no path, user or key of one workstation", () => {
    expect([remoteCommand(ssh, ["x"]), ...sshOptions(ssh)].join(" ")).not.toMatch(/\/(home|root|Users|tmp)\b/);
  });

  it("let nobody answer a prompt and trust no unknown host, whatever the user's options", () => {
    const options = sshOptions({ destination: "gw1", options: ["-oStrictHostKeyChecking=no"] });
    expect(options.indexOf("-oStrictHostKeyChecking=yes")).toBeLessThan(options.indexOf("-oStrictHostKeyChecking=no"));
  });
});

describe("what a command runs, with stand-ins for ssh and sudo", () => {
  // The last argument of ssh is what the login shell of the host runs.
  const STAND_INS = `ssh() { for last; do :; done; sh -c "$last"; }; sudo() { shift; "$@"; }; export -f sudo; `;
  const run = (command: string, env: Record<string, string>) =>
    execFileSync("bash", ["-c", STAND_INS + command], {
      encoding: "utf8",
      env: { ...process.env, ...env },
      input: "secret part\n",
      stdio: ["pipe", "pipe", "pipe"],
    });
  const asRoot = it.skipIf(process.getuid?.() !== 0);

  asRoot("gives the helper the frames and then its stdin", () => {
    const text = remoteCommand(ssh, ["appliance", "apply", "ntp"]).replace(HELPER, `sh -c "cat; echo \\$0 \\$*"`);
    expect(run(text, { FILES: "== a\nx: '$y'" })).toBe("== a\nx: '$y'\nsecret part\nappliance apply ntp\n");
  });

  it("takes an absent helper for done when it deletes", () => {
    expect(run(deleteCommand(ssh, ["appliance", "down", "ntp"]), {})).toBe("");
  });

  const installer = "echo 'it''s on'\nprintf '%s\\n' \"a  b\\\\c\"\ncat\n";
  asRoot("runs the installer with the frames as its input, not a byte more or less", () => {
    const env = { INSTALLER: `${installer}${INSTALLER_END}`, FILES: `== /a 0644\n${INSTALLER_END}` };
    expect(run(installerCommand(ssh), env)).toBe(`its on\na  b\\c\n== /a 0644\n${INSTALLER_END}\n`);
  });

  asRoot("does not run an installer that was cut off", () => {
    expect(() => run(installerCommand(ssh), { INSTALLER: "echo half", FILES: "" })).toThrow(/Command failed/);
  });
});

describe("a change that is confirmed over a new connection", () => {
  // ssh prints what $said has and ends with $applied; as a new connection it ends with the next of $confirmed. Time flies.
  const STAND_INS = `ssh() { printf '%s\\n' "$*" >>"$log"; case " $* " in
      *" -oControlPath=none "*) n=$(grep -c oControlPath=none "$log"); set -- $confirmed; shift $((n - 1)); [ "$1" != 7 ] || echo the host says >&2; return $1 ;;
      *) cat >"$log.input"; printf '%s\\n' "$said"; return $applied ;; esac; }
    date() { n=$(grep -c oControlPath=none "$log"); echo $((n * 40)); }; sleep() { :; }\n`;
  const run = (said: string, applied: number, confirmed: number[]) => {
    const folder = mkdtempSync(join(tmpdir(), "macvlan-ssh-test-"));
    try {
      const text = confirmedCommand(ssh, ["link", "apply", "lan0"], ["link", "confirm", "lan0"]);
      const env = { PATH: process.env.PATH, FILES: "== a", log: join(folder, "log") };
      const result = spawnSync("sh", ["-c", STAND_INS + text], {
        encoding: "utf8",
        env: { ...env, said, applied: String(applied), confirmed: confirmed.join(" ") },
        input: "secret part\n",
      });
      expect(readFileSync(join(folder, "log.input"), "utf8")).toBe("== a\nsecret part\n");
      const calls = readFileSync(join(folder, "log"), "utf8").trim().split("\n");
      return { status: result.status, stderr: result.stderr, confirmations: calls.length - 1 };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const wanted = "confirm lan0 03:21:41Z";

  it("needs no second connection when nothing was changed, nor when the change failed", () => {
    expect(run("", 0, [])).toEqual({ status: 0, stderr: "", confirmations: 0 });
    expect(run("", 255, [])).toEqual({ status: 255, stderr: "", confirmations: 0 });
    expect(run(wanted, 1, [])).toEqual({ status: 1, stderr: "", confirmations: 0 });
  });

  it("tells the host, again and again while it cannot be reached", () => {
    expect(run(wanted, 0, [0])).toEqual({ status: 0, stderr: "", confirmations: 1 });
    expect(run(wanted, 0, [255, 0])).toEqual({ status: 0, stderr: "", confirmations: 2 });
  });

  it("tells it too when the connection broke on the way", () => {
    expect(run(wanted, 255, [0])).toEqual({ status: 0, stderr: "", confirmations: 1 });
  });

  it("gives the host's own words and code", () => {
    expect(run(wanted, 0, [255, 7])).toEqual({ status: 7, stderr: "the host says\n", confirmations: 2 });
  });

  it("gives up in the end, and says what becomes of the host", () => {
    const { status, stderr, confirmations } = run(wanted, 0, [255, 255, 255, 255, 255]);
    expect({ status, confirmations }).toEqual({ status: 1, confirmations: 4 });
    expect(stderr).toContain(
      "gw1 was changed and cannot be reached over a new connection since. It takes the change back by itself, at 03:21:41Z at the latest; nothing else",
    );
  });
});

describe("quoting", () => {
  it("survives a shell, whatever the words", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.string().map((text) => text.replaceAll("\0", "")),
          { minLength: 1 },
        ),
        (words) => {
          const out = execFileSync("sh", ["-c", `printf '%s\\0' ${quoteAll(words)}`], { encoding: "utf8" });
          return out === words.map((word) => `${word}\0`).join("");
        },
      ),
      { numRuns: 30 },
    );
  });

  it("keeps plain words plain and ~ from the shell", () => {
    expect(quote("-oBatchMode=yes")).toBe("-oBatchMode=yes");
    expect(quote("~/x")).toBe("'~/x'");
  });
});

describe("frames", () => {
  const name = fc.stringMatching(/^[A-Za-z0-9/._ -]{1,20}$/).filter((text) => text.trim() === text);
  const line = fc.oneof(
    fc.constantFrom("==", "== x", "===", "=", ""),
    fc.string().map((text) => text.replaceAll("\n", "")),
  );

  it("read back as they were written", () => {
    fc.assert(
      fc.property(fc.uniqueArray(name), fc.array(fc.array(line)), (names, contents) => {
        const files = names.map((key, i) => [key, (contents[i] ?? []).map((text) => `${text}\n`).join("")] as const);
        expect([...decodeFrames(`${encodeFrames(Object.fromEntries(files))}\n`)].sort()).toEqual([...files].sort());
      }),
    );
  });

  it("refuse a name that would begin a file of its own", () => {
    expect(() => encodeFrames({ "a\n== b": "" })).toThrow(RangeError);
  });
});

describe("failures", () => {
  const kindOf = (stderr: string, extra = {}) => classify(ssh, { status: 255, stdout: "", stderr, ...extra }).kind;

  it.each([
    [
      "No ED25519 host key is known for [127.0.0.1]:2222 and you have requested strict checking.\r\nHost key verification failed.\r\n",
      FailureKind.UnknownHostKey,
    ],
    [
      "@@@@@\r\n@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\nOffending ED25519 key in /h/.ssh/known_hosts:3\r\nHost key verification failed.\r\n",
      FailureKind.ChangedHostKey,
    ],
    ["root@gw1: Permission denied (publickey,password).\r\n", FailureKind.AuthenticationRefused],
    [
      "Received disconnect from 10.0.0.1 port 22:2: Too many authentication failures",
      FailureKind.AuthenticationRefused,
    ],
    ["ssh: Could not resolve hostname gw1: Name or service not known\r\n", FailureKind.Unreachable],
    ["ssh: connect to host gw1 port 22: Connection refused\r\n", FailureKind.Unreachable],
    ["ssh: connect to host gw1 port 22: Connection timed out\r\n", FailureKind.Unreachable],
    ["kex_exchange_identification: Connection closed by remote host\r\n", FailureKind.Unreachable],
    ["command-line: line 0: Bad configuration option: foo\r\n", FailureKind.Other],
  ])("%j is %s", (stderr, kind) => expect(kindOf(stderr)).toBe(kind));

  it("knows a missing program and a host that says nothing", () => {
    expect(kindOf("", { absent: true })).toBe(FailureKind.SshMissing);
    expect(kindOf("", { timedOut: true })).toBe(FailureKind.Unreachable);
  });

  it("says the command that adds an unknown host, and none for a changed one", () => {
    const unknown = classify(ssh, { stdout: "", stderr: "No ED25519 host key is known for gw1 and ..." });
    expect(unknown.remedy).toContain("ssh -oStrictHostKeyChecking=ask -p 2222 gw1 true");
    const changed = classify(ssh, { stdout: "", stderr: "WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!" });
    expect(`${changed.message} ${changed.remedy}`).not.toMatch(/StrictHostKeyChecking|ssh-keygen -R|ssh-keyscan/);
  });
});

describe("destinations", () => {
  it.each(["gw1", "root@192.168.1.10", "ssh://admin@gw1.lan:2222", "DOM\\u@gw1", "root@[fe80::1%eth0]"])(
    "takes %s",
    (text) => expect(destinationFault(text)).toBeUndefined(),
  );
  it.each(["", "-oProxyCommand=x", "gw1 rm", "gw1;rm", "gw1$(x)"])("refuses %j", (text) =>
    expect(destinationFault(text)).toBeDefined(),
  );
  it.each([[["-oStrictHostKeyChecking=no"]], [["-o", "ControlPath=/x"]], [["-o controlmaster yes"]], [["--"]]])(
    "refuses the options %j",
    (options) => expect(optionsFault(options)).toBeDefined(),
  );
  it("takes other options", () =>
    expect(optionsFault(["-p", "2222", "-J", "jump", "-oConnectTimeout=5"])).toBeUndefined());

  it.each([
    ["gw1", "ssh://gw1"],
    ["root@gw1", "ssh://root@gw1"],
    ["u@dom@gw1", "ssh://u%40dom@gw1"],
    ["fe80::1", "ssh://[fe80::1]"],
    ["ssh://root@gw1:2222", "ssh://root@gw1:2222"],
  ])("%s is %s for Docker", (destination, expected) => expect(dockerHost({ destination })).toBe(expected));
});
