import type { Switch } from "./switch";

/** What the LAN does on request; see lan/client.ts for what each is for. */
export type LanMethods = ReturnType<typeof lanMethods>;

export function lanMethods(lan: Switch) {
  return {
    ping: () => "pong",
    setPort: (port: string, up: boolean) => lan.setPort(port, up),
    probe: (ips: string[], ms: number): Record<string, { mac: string; port: string; answers: number }[]> => (
      void ips,
      void ms,
      {}
    ),
    ports: () => lan.state().map(({ macs, ...port }) => ({ ...port, macs: Object.fromEntries(macs) })),
  };
}
