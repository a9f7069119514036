// What the kernel makes of network.mode: the reasons for what the specification refuses, and for what docs/networking.md says.
import { afterEach, beforeEach, expect, test } from "vitest";
import { Sandbox, whyNoNetwork } from "./sandbox";

const reason = whyNoNetwork();
if (reason !== undefined) console.warn(`skipped, the modes of macvlan: ${reason}`);

/** node UDP.js serve | ADDRESS: answers, or fails if nobody answers. */
const UDP = `
const socket = require("node:dgram").createSocket("udp4");
const [to] = process.argv.slice(2);
if (to === "serve") socket.on("message", (text, from) => socket.send(text, from.port, from.address)).bind(7777);
else {
  socket.on("message", () => process.exit(0)).on("error", () => {});
  const ask = () => socket.send("?", 7777, to, () => {});
  setInterval(ask, 200), ask(), setTimeout(() => process.exit(1), 800);
}`;

const NETWORK = (mode: string, hairpin: string, routes: boolean): string => `
node=${process.execPath} udp=$MACVLAN_ROOT/udp.js
space() { # NAME: a machine of its own, to be entered by "$NAME"
  unshare -n sleep 60 & eval "$1=$!"
  until [ "$(readlink /proc/$!/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.05; done
}
within() { sp=$1; shift; nsenter -t "$sp" -n "$@"; }
space peer; space c1; space c2
trap 'kill $(cat "$MACVLAN_ROOT/servers") "$peer" "$c1" "$c2" 2>/dev/null' EXIT
ip link set dev nic1 netns "$peer" name eth0
ip link set dev sw arp off # the switch is no machine of the LAN
ip link set dev port0 type bridge_slave hairpin ${hairpin}
ip link add link nic0 name lan0 address 02:00:00:00:00:07 type macvlan mode bridge
echo 1 >/proc/sys/net/ipv4/conf/lan0/arp_filter
ip link set dev lan0 up; ip link set dev lo up
for n in 1 2; do
  eval "c=\\$c$n"
  ip link add link lan0 name m$n type macvlan mode ${mode} || exit 1
  ip link set dev m$n netns "$c" name eth0
  ${routes ? "ip route add 192.0.2.2$n dev lan0 src 192.0.2.10" : ":"}
done
for each in "$peer 99" "$c1 21" "$c2 22"; do
  within "\${each% *}" sh -c "ip link set dev eth0 up; ip addr add 192.0.2.\${each#* }/24 dev eth0"
done
serve() { "$@" "$node" "$udp" serve & echo $! >>"$MACVLAN_ROOT/servers"; }
serve env; serve nsenter -t "$peer" -n; serve nsenter -t "$c1" -n; serve nsenter -t "$c2" -n
sleep 1
try() { what=$1; shift; if "$@"; then echo "$what yes"; else echo "$what no"; fi; }
try "LAN to appliance" within "$peer" "$node" "$udp" 192.0.2.21
try "appliance to LAN" within "$c1" "$node" "$udp" 192.0.2.99
try "appliance to appliance" within "$c1" "$node" "$udp" 192.0.2.22
try "appliance to host" within "$c2" "$node" "$udp" 192.0.2.10
try "host to appliance" "$node" "$udp" 192.0.2.21
`;

let host: Sandbox;
beforeEach(() => (host = new Sandbox()));
afterEach(() => host.remove());

const ask = (mode: string, hairpin: "on" | "off", routes: boolean): Record<string, string> => {
  host.write("udp.js", UDP);
  const run = host.net(NETWORK(mode, hairpin, routes));
  expect(run.stderr).toBe("");
  return Object.fromEntries(
    run.stdout
      .trim()
      .split("\n")
      .map((line) => line.split(/ (?=\w+$)/) as [string, string]),
  );
};

/** Each other; from an appliance to the host, which it has not heard of yet; from the host to one. The LAN reaches them in every mode. */
test.skipIf(reason !== undefined).each<[string, "on" | "off", boolean, string]>([
  ["bridge", "off", false, "yes no no"],
  ["bridge", "off", true, "yes yes yes"],
  ["private", "off", false, "no no no"],
  ["private", "off", true, "no no no"],
  ["private", "on", true, "no no no"],
  ["private", "on", false, "no no yes"],
  ["vepa", "off", true, "no no no"],
  ["vepa", "on", false, "yes yes yes"],
])("mode %s, switch that sends back %s, routes %s: %s", (mode, hairpin, routes, expected) => {
  const said = ask(mode, hairpin, routes);
  expect([said["LAN to appliance"], said["appliance to LAN"]]).toEqual(["yes", "yes"]);
  const ways = ["appliance to appliance", "appliance to host", "host to appliance"].map((way) => said[way]);
  expect(ways.join(" ")).toBe(expected);
});

test.skipIf(reason !== undefined)("mode passthru takes a NIC for itself: none beside our link", () => {
  const run = host.net(
    "ip link add link nic0 name lan0 type macvlan mode bridge && ip link add link lan0 name m1 type macvlan mode passthru",
  );
  expect(run.stderr).toContain("Invalid argument");
});
