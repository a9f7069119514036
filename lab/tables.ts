import type { LabStatus } from "./lab";
import type { Answer } from "./lan/methods";

/** Rows with their columns under each other; the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  "));
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

export function statusText(status: LabStatus): string {
  if (!status.suite) return `no lab ${status.lab}: start it with \`npm run lab -- up\`\n`;
  const head = `lab ${status.lab}: Debian ${status.suite}, Docker ${status.docker}, ${status.accelerator}, in ${status.dir}\n`;
  const rows = status.hosts.map((host) => [
    ...[host.name, host.running ? "running" : "stopped", host.ip, host.mac],
    ...[host.nic ? "plugged" : "unplugged", host.port ? "open" : "closed", host.snapshots.join(" ")],
  ]);
  return head + table([["HOST", "STATE", "LAN ADDRESS", "LAN MAC", "NIC", "PORT", "SNAPSHOTS"], ...rows]);
}

export function probeText(found: Record<string, Answer[]>): string {
  const rows = Object.entries(found).flatMap(([ip, answers]) =>
    answers.length ? answers.map(({ mac, port, answers: n }) => [ip, mac, port, String(n)]) : [[ip, "nobody", "", "0"]],
  );
  return table([["ADDRESS", "MAC", "PORT", "ANSWERS"], ...rows]);
}
