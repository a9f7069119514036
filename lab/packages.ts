import * as fs from "node:fs";
import * as path from "node:path";
import type { Suite } from "./image/image";
import { locked } from "./lock";
import { step } from "./progress";
import { run } from "./run";
import type { Host } from "./vm/host";

/** The folder under `dir` with the archives of Debian packages and of all that `host` needs for them; downloaded when it is not there. */
export async function ensurePackages(dir: string, suite: Suite, host: Host, names: readonly string[]): Promise<string> {
  const folder = path.join(dir, [...names].sort().join("+"));
  const download = async () => {
    if (fs.existsSync(folder)) return;
    const work = `${folder}.new`;
    fs.rmSync(work, { recursive: true, force: true });
    fs.mkdirSync(work, { recursive: true });
    const status = path.join(work, "status");
    fs.writeFileSync(status, await host.shell("cat /var/lib/dpkg/status"));
    await run("sh", [path.join(__dirname, "packages.sh"), suite, work, status, ...names]);
    fs.rmSync(status);
    fs.renameSync(work, folder);
  };
  const waiting = (pid: number) => process.stderr.write(`waiting for the packages that process ${pid} downloads\n`);
  await step(`packages for ${host.name}: ${names.join(", ")}`, () => locked(`${folder}.lock`, download, waiting));
  return folder;
}

/** Shell, for the host: installs the archives in `folder` there and starts none of their services. */
export const installArchives = (folder: string): string =>
  [
    "set -e",
    "printf '#!/bin/sh\\nexit 101\\n' >/usr/sbin/policy-rc.d",
    "chmod 755 /usr/sbin/policy-rc.d",
    `DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Options::=--force-unsafe-io install ${folder}/*.deb`,
    `rm -r ${folder} /usr/sbin/policy-rc.d`,
  ].join("; ");
