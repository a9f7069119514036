import { encodeFrames } from "../../provider/ssh/frames";
import { fakeIp } from "./fake-network";
import { Run, Sandbox } from "./sandbox";

/** First line of every file of ours. */
export const MARK = "# managed by pulumi-macvlan\n";

/** What `link apply` reads: a link.conf, an udev rule and further files. */
export function linkPayload(conf: string, more: Readonly<Record<string, string>> = {}): string {
  return `${encodeFrames({ "link.conf": conf, "udev.rules": `${MARK}# rule\n`, ...more })}\n`;
}

/** systemctl. Units that are enabled are files, so that what is asked later agrees with what was done; Docker runs while there is run/docker. */
export const fakeUnits = `unit=$MACVLAN_ROOT/run/unit-\${*##*@}
case "$*" in
*is-active*docker*) [ -e "$MACVLAN_ROOT/run/docker" ] || exit 3 ;;
*is-active*) exit 3 ;;
*"-p ActiveState"*) echo ActiveState=inactive ;;
*UnitFileState*) cat "$unit" 2>/dev/null || echo disabled ;;
"-q enable"*) echo enabled >"$unit" ;;
"-q disable"* | "-q unmask"*) rm -f "$unit" ;;
esac`;

/** A host whose links are those of fakeIp, with the NICs nic0 and nic1, both up. */
export function linkHost(stubs: Readonly<Record<string, string>> = {}): Sandbox {
  const host = new Sandbox({ systemctl: fakeUnits, ip: fakeIp, ...stubs });
  host.sh(
    'mkdir -p "$MACVLAN_ROOT/sys/class/net"; for n in 0 1; do ip nic nic$n 52:54:00:00:00:0$n; ip link set dev nic$n up; done',
  );
  return host;
}

/** Runs a text there: `a PAYLOAD [LINK]` applies and confirms, `l` is `macvlan-host link`, and there are $parent and $net. */
export function onLinkHost(host: Sandbox, payloads: Readonly<Record<string, string>>, script: string): Run {
  for (const [name, text] of Object.entries(payloads)) host.write(`payload-${name}`, text);
  const set = [
    'l() { "$MACVLAN_ROOT/usr/local/libexec/macvlan/macvlan-host" link "$@" >>"$MACVLAN_ROOT/run/said"; }',
    'a() { l apply "${2:-lan0}" <"$MACVLAN_ROOT/payload-$1" && l confirm "${2:-lan0}"; }',
    'parent="$MACVLAN_ROOT/usr/local/libexec/macvlan/parent"; net=$MACVLAN_ROOT/sys/class/net',
    script,
  ];
  return host.sh(set.join("\n"), "", { MACVLAN_SYS: `${host.root}/sys` });
}
