import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { INBOUND_RULES } from "../../provider/host-interface/render";
import { fakeIp } from "./fake-network";
import { linkHost, linkPayload, MARK, onLinkHost } from "./link-host";
import type { Sandbox } from "./sandbox";

const confOf = (inbound: "no" | "yes") =>
  `${MARK}NAME='lan0'\nNIC_NAME='nic0'\nMAC='02:11:22:33:44:55'\nMODE='bridge'\nREACH='pinned'\nADDRESS='192.0.2.9'\n` +
  `${inbound === "no" ? "INBOUND='no'\n" : ""}WAIT='0'\n`;

/** Rules are lines of a file of the device, which goes with it. Without ct in the kernel each is refused. */
const tc = `rules() { echo "$MACVLAN_ROOT/sys/class/net/$1/rules"; }
case "$1 $2" in
"qdisc del") [ -e "$(rules "$4")" ] || exit 2; rm "$(rules "$4")" ;;
"-batch -") while read -r what verb _ dev rest; do case "$what $verb" in
  "qdisc add") : >"$(rules "$dev")" ;;
  "filter add") [ ! -e "$MACVLAN_ROOT/run/no-ct" ] || { echo "Error: Failed to load TC action module." >&2; exit 1; }; echo "$rest" >>"$(rules "$dev")" ;;
  "filter show") [ ! -e "$(rules "$dev")" ] || sed -n "/^$rest/s/.*/filter & handle 0x1 /p" "$(rules "$dev")" ;;
  esac; done ;;
esac`;

// What the kernel makes of the rules is in test/lab/reach.test.ts.
describe("a link that lets no connections in", () => {
  let host: Sandbox;
  beforeEach(() => {
    const ip = `case "$*" in *" addr show dev lan0") [ ! -e "$MACVLAN_ROOT/run/addr" ] || echo "7: lan0    inet 192.0.2.9/32 scope global lan0"; exit ;;
      "-4 addr add "*) : >"$MACVLAN_ROOT/run/addr"; exit ;; esac\n${fakeIp}`;
    host = linkHost({ ip, tc });
  });
  afterEach(() => host.remove());

  const run = (script: string) =>
    onLinkHost(
      host,
      { no: linkPayload(confOf("no")), yes: linkPayload(confOf("yes")) },
      `count() { grep -c . "$net/lan0/rules" 2>/dev/null || echo none; }
       ${script}`,
    );

  test("has all its rules before it is up; again: quiet, nothing done", () => {
    const done = run(`a no; count; grep -n "^tc -batch\\|^ip link set dev lan0 up" "$MACVLAN_ROOT/calls" | cut -d: -f2
      rm "$MACVLAN_ROOT/calls"; a no; "$parent" lan0; grep "^tc qdisc" "$MACVLAN_ROOT/calls"`);
    expect(done.stdout).toMatch(new RegExp(`^${INBOUND_RULES}\\n(tc -batch -\\n)+ip link set dev lan0 up\\n`));
    expect(done.stdout).not.toContain("tc qdisc");
    expect(done.stderr).toBe("lan0: created on nic0\nlan0: no connections to the host are let in\n");
  });

  test("has them again when one is missing, and when the link is made anew", () => {
    const done = run(`a no; sed -i 1d "$net/lan0/rules"; "$parent" lan0 0 check || echo differs; "$parent" lan0; count
      ip link del dev lan0; rm "$MACVLAN_ROOT/run/addr"; "$parent" lan0; count`);
    expect(done.stdout).toBe(`differs\n${INBOUND_RULES}\n${INBOUND_RULES}\n`);
  });

  test("has none when connections are let in again, and leaves nothing when it is removed", () => {
    const done = run(
      `a no; a yes; count; a yes; a no; count; l remove lan0; ls "$MACVLAN_ROOT/run" "$MACVLAN_ROOT/run/macvlan" | grep inbound`,
    );
    expect(done.stdout).toBe(`none\n${INBOUND_RULES}\n`);
    expect(done.stderr.match(/lan0: (no )?connections to the host are let in/g)).toEqual([
      "lan0: no connections to the host are let in",
      "lan0: connections to the host are let in",
      "lan0: no connections to the host are let in",
    ]);
  });

  test("is not up on a kernel that cannot keep them out, and no tc is asked of one that lets them in", () => {
    const done = run(
      `: >"$MACVLAN_ROOT/run/no-ct"; a no; cat "$net/lan0/flags" 2>/dev/null || echo gone; rm "$MACVLAN_ROOT/calls"; a yes; grep "^tc" "$MACVLAN_ROOT/calls"`,
    );
    expect(done.stderr).toContain("it has to have the modules act_ct, cls_flower, cls_matchall and sch_ingress");
    expect(done.stdout).toBe("gone\n");
  });
});
