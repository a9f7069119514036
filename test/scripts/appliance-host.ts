import { cpSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { encodeFrames } from "../../provider/ssh/frames";
import { renderSecrets } from "../../provider/appliance/render";
import { Run, Sandbox } from "./sandbox";

/**
 * Docker as a folder: `images` has the images that are there, `all/ID` a line for `all_containers`, `row/ID` one for
 * `project_rows`. What a container becomes is in the name of its image: good, sick (unhealthy), crash, odd (another MAC), shared (ipvlan, for which Docker names no MAC).
 * While \`content\` is there, Compose leaves a container that is there as it is, or fails with what is in that file.
 * $KILL_AT is the number of the call before which the script under test is killed.
 */
const docker = `db=$MACVLAN_ROOT/docker; mkdir -p "$db/all" "$db/row"; touch "$db/images"
[ ! -e "$db/stopped" ] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
n=$(cat "$MACVLAN_ROOT/count" 2>/dev/null || echo 0); n=$((n + 1)); echo $n >"$MACVLAN_ROOT/count"
[ "$n" != "\${KILL_AT:-0}" ] || { kill -9 "$(cat "$MACVLAN_ROOT/pid")"; exit 1; }
ours() { grep -l "|web|" "$db"/all/* 2>/dev/null | xargs -r -n1 basename; }
verb=$1; [ "$verb" != compose ] || while [ "$1" != -p ]; do case $1 in -f) [ -n "\${file:-}" ] || file=$2 ;; esac; shift; done
[ "$verb" != compose ] || { shift 2; verb="compose $1"; }
case $verb in
version) echo 26 ;;
network) case $2 in inspect) cat "$db/network" 2>/dev/null || { echo "network $5 not found" >&2; exit 1; } ;; esac ;;
ps) case $* in *--format*) for id in $(ls "$db/all"); do awk -F '|' '$3 == "web" { print $1, $5 }' "$db/all/$id"; done ;; *label=*) ours ;; *) ls "$db/all" ;; esac ;;
inspect) kind=row; case $5 in *{{.Name}}*) kind=all ;; esac; [ "$2" = --type ] || exit 0
  shift 5; for id in "$@"; do cat "$db/$kind/$id" || { echo; exit 1; }; done ;;
image) shift 4; for i in "$@"; do grep -qxF "$i" "$db/images" || exit 1; done ;;
pull) case $3 in *nowhere*) echo "manifest unknown" >&2; exit 1 ;; esac; echo "$3" >>"$db/images" ;;
rmi) grep -qxF "$2" "$db/images" || { echo "Error response from daemon: No such image: $2" >&2; exit 1; }; grep -vxF "$2" "$db/images" >"$db/.i"; mv "$db/.i" "$db/images" ;;
logs) echo "last words of $4, token \${TOKEN_FOR_LOGS:-}" ;;
rm) shift 2; for id in "$@"; do rm -f "$db/all/$id" "$db/row/$id"; done ;;
"compose config") if grep -q bad "$file"; then echo "validating $file: no good" >&2; exit 15; fi; sed -n 's/.*image: //p' "$file" ;;
update) sed -i "s/|no|/|$3|/" "$db/row/$4" ;;
unpause) sed -i 's/|paused|/|running|/' "$db/row/$2" "$db/all/$2" ;;
"compose up") case $* in *--force-recreate*) [ ! -e "$db/content" ] || rm -f "$MACVLAN_ROOT/inside" "$db/content" ;; esac
  if [ -e "$db/content" ]; then echo "$*" >>"$db/ups"; ! grep -q . "$db/content" || { cat "$db/content" >&2; exit 1; }; exit; fi
  image=$(sed -n 's/.*image: //p' "$file"); state='running|healthy'; mac=02:42:c0:a8:4c:50
  case $image in *fails*) echo "Error response from daemon: no space" >&2; exit 1 ;; *sick*) state='running|unhealthy' ;; *crash*) state='exited|none' ;; *odd*) mac=02:42:00:00:00:99 ;; *shared*) mac= ;; esac
  echo "c1|/web|web|$MACVLAN_ROOT/etc/macvlan/appliances/web/files|web|running|lan,192.168.76.80,$mac,192.168.76.80 |" >"$db/all/c1"
  echo "web|c1|77|$state|2000-01-01T00:00:00Z|0|3|unless-stopped| lan,192.168.76.80,$mac |" >"$db/row/c1"
  echo "$image" >"$db/runs"; echo "$*" >>"$db/ups" ;;
"compose down") rm -f "$db/all/c1" "$db/row/c1" "$db/runs"; case $* in *-v*) : >"$db/volumes-gone" ;; esac ;;
esac`;

/** What is inside the container: a LAN interface with the pins, and a gateway that answers. */
const nsenter = `case $* in *neigh*) cat "$MACVLAN_ROOT/neighbour" 2>/dev/null || echo "192.168.76.1 lladdr 52:54:00:00:00:01 REACHABLE"; exit ;; esac
[ ! -e "$MACVLAN_ROOT/inside" ] || { cat "$MACVLAN_ROOT/inside"; exit; }
printf '%s\\n' "7: eth0@if3: <UP> mtu 1500 \\    link/ether 02:42:c0:a8:4c:50 brd ff:ff:ff:ff:ff:ff" \
  "1: lo    inet 127.0.0.1/8 scope host lo" "7: eth0    inet 192.168.76.80/24 brd 192.168.76.255 scope global eth0" \
  "default via 192.168.76.1 dev eth0 "`;

export interface Version {
  readonly image?: string;
  readonly files?: Record<string, string>;
  readonly secrets?: Record<string, string>;
  readonly conf?: Record<string, string>;
}

/** The files of a version, secrets apart, as a Command delivers them. */
export function filesOf({ image = "good:1", files = {}, conf = {} }: Version): Record<string, string> {
  const values = {
    NAME: "web",
    NETWORK: "lan",
    PARENT: "lan0",
    SERVICE: "web",
    CONTAINER: "web",
    IP: "192.168.76.80",
    MAC: "02:42:c0:a8:4c:50",
    START_AFTER: "",
    READY_TIMEOUT: "2",
    DELETE_VOLUMES: "0",
    ...conf,
  };
  return {
    "compose.yaml": `services:\n  web:\n    image: ${image}\n`,
    "pins.yaml": "# managed by pulumi-macvlan\nservices: {}\n",
    "appliance.conf": `# managed by pulumi-macvlan\n${Object.entries(values)
      .map(([key, value]) => `${key}='${value}'\n`)
      .join("")}`,
    ...Object.fromEntries(Object.entries(files).map(([path, text]) => [`files/${path}`, text])),
  };
}

/** A host whose Docker is a folder, with the appliance's script installed. */
export class ApplianceHost extends Sandbox {
  constructor() {
    super({ docker, nsenter });
    const from = join(__dirname, "../../provider/appliance/host/libexec");
    for (const file of readdirSync(from)) cpSync(join(from, file), join(this.libexec, file));
    this.write("sys/class/net/lan0/lower_ens4", "");
    this.write("sys/class/net/ens4/ifindex", "3\n");
    this.write("docker/network", "macvlan lan0\n");
    this.write("docker/images", "good:1\ngood:2\nsick:1\ncrash:1\nodd:1\nfails:1\nshared:1\n");
  }

  apply(version: Version = {}, env: Record<string, string> = {}): Run {
    const secret = version.secrets ? renderSecrets(version.secrets) : "";
    return this.helper("apply", `${encodeFrames(filesOf(version))}\n${secret}`, env);
  }

  helper(verb: string, input = "", env: Record<string, string> = {}): Run {
    this.sh('rm -f "$MACVLAN_ROOT/count"');
    const script = `echo $$ >"$MACVLAN_ROOT/pid"; exec "$MACVLAN_ROOT/usr/local/libexec/macvlan/appliance" ${verb} web`;
    return this.sh(script, input, { MACVLAN_SYS: `${this.root}/sys`, ...env });
  }

  /** The calls of Docker since the last time. */
  docker(): string[] {
    const calls = this.calls().filter((call) => call.startsWith("docker "));
    this.sh('rm -f "$MACVLAN_ROOT/calls"');
    return calls;
  }

  /** All that outlasts a run, on disk and in Docker. */
  state(): Record<string, string> {
    const own = /^(etc\/macvlan|var\/lib\/macvlan\/appliances|docker\/(all|row|runs|images))/;
    return Object.fromEntries(Object.entries(this.tree()).filter(([path]) => own.test(path)));
  }

  runs(): string | undefined {
    return this.tree()["docker/runs"]?.trim();
  }
}
