import * as crypto from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { locked } from "../lock";
import { run } from "../run";
import { hostName, lanAddress, lanMac } from "./arguments";

/** What makes lab host N itself. */
export interface Identity {
  /** Tar to hand to the virtual machine. */
  archive: string;
  /** 32 hexadecimal digits. */
  machineId: string;
  /** Type and base64 key, as in known_hosts. */
  hostKey: string;
}

/** The host's own files, by path. */
export function identityFiles(number: number): Record<string, string> {
  const name = hostName(number);
  return {
    "etc/hostname": `${name}\n`,
    "etc/hosts": `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
    "etc/systemd/network/20-lan.network": [
      "# By MAC: the address stays with the interface whatever the kernel calls it.",
      `[Match]\nMACAddress=${lanMac(number)}\n`,
      `[Network]\nAddress=${lanAddress(number)}/24\nGateway=192.168.76.1\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n`,
    ].join("\n"),
  };
}

/**
 * The identity of host labN under `dir`, made on first use. The SSH host key is made here and not on the host, so that the
 * lab knows it before the first connection: nothing is trusted on first use.
 */
export async function identity(dir: string, number: number): Promise<Identity> {
  const mine = path.join(dir, hostName(number));
  const archive = path.join(mine, "identity.tar");
  const machineId = path.join(mine, "machine-id");
  const key = path.join(mine, "tree", "etc", "ssh", "ssh_host_ed25519_key");
  const make = async () => {
    if (fs.existsSync(archive)) return;
    fs.rmSync(mine, { recursive: true, force: true });
    const files = { ...identityFiles(number), "etc/ssh/ssh_host_ed25519_key": "" };
    for (const [name, text] of Object.entries(files)) {
      const file = path.join(mine, "tree", name);
      fs.mkdirSync(path.dirname(file), { recursive: true });
      if (text) fs.writeFileSync(file, text, { mode: 0o644 });
    }
    await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", hostName(number), "-f", key]);
    fs.writeFileSync(machineId, crypto.randomUUID().replaceAll("-", ""));
    const names = [...Object.keys(files), "etc/ssh/ssh_host_ed25519_key.pub"];
    const tar = ["--owner=0", "--group=0", "--numeric-owner", "-cf", `${archive}.new`, "-C", path.join(mine, "tree")];
    await run("tar", [...tar, ...names]);
    fs.renameSync(`${archive}.new`, archive);
  };
  // Two labs may start their first host of this number at the same time.
  if (!fs.existsSync(archive)) await locked(`${mine}.lock`, make, () => undefined);
  const [type, hostKey] = fs.readFileSync(`${key}.pub`, "utf8").split(" ");
  return { archive, machineId: fs.readFileSync(machineId, "utf8"), hostKey: `${type} ${hostKey}` };
}
