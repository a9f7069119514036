import type { LabStatus } from "./lab";
import type { Answer } from "./lan/methods";
import { table } from "./table";

export function statusText(status: LabStatus): string {
  if (!status.suite) return `no lab ${status.lab}: start it with \`npm run lab -- up\`\n`;
  const head = `lab ${status.lab}: Debian ${status.suite}, Docker ${status.docker}, ${status.accelerator}, in ${status.dir}\n`;
  const rows = status.hosts.map((host) => [
    ...[host.name, host.running ? "running" : "stopped", host.ip, host.mac],
    ...[host.nic ? "plugged" : "unplugged", host.port ? "open" : "closed", host.snapshots.join(" ")],
  ]);
  return `${head}${table(["HOST", "STATE", "LAN ADDRESS", "LAN MAC", "NIC", "PORT", "SNAPSHOTS"], rows)}\n`;
}

export function probeText(found: Record<string, Answer[]>): string {
  const rows = Object.entries(found).flatMap(([ip, answers]) =>
    answers.length ? answers.map(({ mac, port, answers: n }) => [ip, mac, port, String(n)]) : [[ip, "nobody", "", "0"]],
  );
  return `${table(["ADDRESS", "MAC", "PORT", "ANSWERS"], rows)}\n`;
}
