#!/bin/sh
# Part of observe.sh: what Docker knows, what the kernel has in its containers, and what is left over in its store.
# shellcheck disable=SC2016,SC2086  # programs of awk and templates of Docker are not for the shell; $ids and such are lists
# shellcheck disable=SC2154  # etc, newline, sudo: observe.sh

# .ID, not .Id: Docker's typed form of a container; in its raw form, the second choice, an absent Health is an error.
CONTAINER='{"id":{{json .ID}},"name":{{json .Name}},"status":{{json .State.Status}},"error":{{json .State.Error}},"health":{{if .State.Health}}{{json .State.Health.Status}}{{else}}null{{end}},"pid":{{json .State.Pid}},"startedAt":{{json .State.StartedAt}},"networkMode":{{json .HostConfig.NetworkMode}},"imageId":{{json .Image}},"image":{{json .Config.Image}},"appliance":{{json (index .Config.Labels "pulumi-macvlan.appliance")}},"project":{{json (index .Config.Labels "com.docker.compose.project")}},"service":{{json (index .Config.Labels "com.docker.compose.service")}},"restart":{{json .HostConfig.RestartPolicy.Name}},"networks":{{json .NetworkSettings.Networks}}}'

# Asks dockerd the way that Docker's own connection over ssh does, several things at once: each other command of the client is a slow
# start, and `docker info` runs every plugin as well. The last request is of HTTP 1.0: dockerd hangs up after it. Standard input is the
# pipe opened for both directions, so that it does not end before: dockerd gives up what a client that hung up has asked for.
# Prints frames; what the script itself wants to know goes to standard error: ids of the containers, whose list has command lines and is
# not passed on, of the networks, of those on the LAN, and the folder of it all.
ask_docker() { # PATH… of /version, /info, /networks, /containers/json
  ad='' ad_http=1.1 ad_n=0
  for ad_path in "$@"; do
    ad_n=$((ad_n + 1))
    [ $ad_n -lt $# ] || ad_http=1.0
    ad="${ad}GET $ad_path HTTP/$ad_http\\r\\nHost: docker\\r\\n\\r\\n"
  done
  printf '%b' "$ad" | bounded docker system dial-stdio 2>&1 0<>/dev/stdin | awk -v paths="$*" '
    BEGIN { RS = "\r\n"; count = split(paths, path, " "); asked = 1 }
    function pick(key,   value) { # a member of /info, whose arrays have strings alone
      if (!match(body, "\"" key "\":(\\[[^]]*\\]|\"([^\"\\\\]|\\\\.)*\"|true|false|null)")) return "null"
      value = substr(body, RSTART, RLENGTH)
      sub(/^[^:]*:/, "", value)
      return value
    }
    function key() { return path[asked] == "/version" ? "docker.version" : path[asked] == "/info" ? "docker.info" : path[asked] == "/networks" ? "docker.networks" : "docker.containers" }
    function complete(   n, i, item, id) {
      sub(/\n$/, "", body)
      if (status != 200) print "== " key() ".failed\n" status "\n" body
      else if (key() == "docker.version") print "== docker.version\n{\"Server\":" body "}"
      else if (key() == "docker.info") {
        print "== docker.info"
        root = pick("DockerRootDir")
        print "{\"serverVersion\":" pick("ServerVersion") ",\"os\":" pick("OperatingSystem") ",\"security\":" pick("SecurityOptions") \
          ",\"root\":" root ",\"liveRestore\":" pick("LiveRestoreEnabled") ",\"networkPlugins\":" pick("Network") "}"
      } else if (key() == "docker.networks") {
        print "== docker.networks\n" body
        n = split(body, item, /\{"Name":"/)
        for (i = 2; i <= n; i++) if (match(item[i], /"Id":"[0-9a-f]+"/)) {
          id = substr(item[i], RSTART + 6, RLENGTH - 7)
          networks = networks " " id
          if (item[i] ~ /"Driver":"(mac|ip)vlan"/) lans = lans " " id
        }
      } else {
        n = split(body, item, /\{"Id":"/)
        for (i = 2; i <= n; i++) { id = substr(item[i], 1, 64); if (id !~ /[^0-9a-f]/) ids = ids " " id }
        print "ids" ids "\nnetworks" networks " \nlans" lans "\nroot " substr(root, 2, length(root) - 2) >"/dev/stderr"
      }
      asked++
    }
    state == "head" && $0 == "" { state = chunked ? "size" : "body"; body = ""; next }
    state == "head" { if (tolower($0) ~ /^transfer-encoding: *chunked/) chunked = 1; next }
    state == "size" { state = $0 == "0" ? "last" : "data"; next }
    state == "data" { body = body $0; state = "size"; next }
    state == "last" { complete(); state = ""; next }
    { # the end of a body and the next status in one, or what the client says before there is any
      at = match($0, /HTTP\/1\.[01] [0-9][0-9][0-9] [A-Za-z ]+$/)
      if (state == "body") { body = at ? substr($0, 1, at - 1) : $0; complete() }
      else if (!at) said = said $0
      if (at) { status = substr($0, at + 9) + 0; state = "head"; chunked = 0 } else state = ""
    }
    END {
      sub(/\n+$/, "", said)
      for (; asked <= count; asked++) print "== " key() ".failed\n1\n" (said == "" ? "Docker did not answer" : said)
    }'
}

# The Compose plugin, with its version only if no appliance was applied since it was installed: asking takes half a second.
compose() {
  for co in "${DOCKER_CONFIG:-${HOME:-/root}/.docker}" /usr/local/lib/docker /usr/local/libexec/docker /usr/lib/docker /usr/libexec/docker ''; do
    [ ! -x "$co/cli-plugins/docker-compose" ] || break
  done
  if [ -z "$co" ]; then
    # in a place of its own, or not there
    co=$(bounded docker compose version --format json 2>/dev/null </dev/null) || co=
  elif [ -n "$(find "$etc"/appliances/*/applied -newermc "$co/cli-plugins/docker-compose" 2>/dev/null)" ]; then
    co='{}'
  else
    co=$(bounded "$co/cli-plugins/docker-compose" docker-cli-plugin-metadata 2>/dev/null </dev/null) || co=
  fi
  frame compose "$co"
}

# What the kernel has in containers on the LAN, seen from their first processes, without a process of ours in each: lines
# PID NAME=MAC… inet=ADDRESS… inet6=ADDRESS… (of global scope, as the kernel lists it or as `ip` prints it). Where /sys is not the container's own (given the host's, or none) it is asked in its network namespace.
inside() { # LANS CONTAINERS
  in_said=$(look_inside "$@")
  case $in_said in *other*) ;; *) printf '%s\n' "$in_said" && return ;; esac
  printf '%s\n' "$in_said" | while read -r in_word in_rest; do
    if [ "$in_word" = other ]; then
      echo "$in_rest$(printf 'link show\naddr show\n' | bounded nsenter -t "$in_rest" -n ip -o -batch - 2>/dev/null | awk '
        { name = $2; sub(/[@:].*/, "", name) }
        name == "lo" { next }
        / link\/ether / { mac = $0; sub(/.* link\/ether /, "", mac); sub(/ .*/, "", mac); printf " %s=%s", name, mac }
        $3 == "inet" || ($3 == "inet6" && / scope global/) { sub(/\/.*/, "", $4); printf " %s=%s", $3, $4 }')"
    else echo "$in_word${in_rest:+ $in_rest}"; fi
  done
}
look_inside() {
  printf '%s\n' "$2" | awk -v lans="$1" '
    function sysfs(pid,   file, line, f, device) {
      file = "/proc/" pid "/mountinfo"
      device = ""
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[5] == "/sys") device = line ~ / - sysfs / ? f[3] : ""
        else if (f[5] ~ /^\/sys\/(class|devices)(\/|$)/) device = ""
      }
      close(file)
      return device
    }
    function look(pid,   file, line, name, mac, device, f, last, seen, text) {
      file = "/proc/" pid "/net/dev"
      device = sysfs(pid)
      if (device == "" || device == host) { print "other " pid; return }
      text = pid
      while ((getline line < file) > 0) {
        if (line !~ /:/) continue
        sub(/^ */, "", line); sub(/:.*/, "", line)
        if (line == "lo") continue
        mac = ""
        name = "/proc/" pid "/root/sys/class/net/" line "/address"
        getline mac < name
        close(name)
        if (mac ~ /^[0-9a-f][0-9a-f](:[0-9a-f][0-9a-f])+$/ && length(mac) == 17) text = text " " line "=" mac
      }
      close(file)
      file = "/proc/" pid "/net/fib_trie"
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[1] == "|--") last = f[2]
        else if (line ~ /\/32 host LOCAL/ && last !~ /^127\./ && !(last in seen)) { seen[last]; text = text " inet=" last }
      }
      close(file)
      file = "/proc/" pid "/net/if_inet6"
      while ((getline line < file) > 0) {
        split(line, f, " ")
        if (f[4] == "00" && f[6] != "lo") text = text " inet6=" f[1]
      }
      close(file)
      print text
    }
    BEGIN { host = sysfs("self"); n = split(lans, lan, " ") }
    match($0, /"pid":[1-9][0-9]*/) {
      pid = substr($0, RSTART + 6, RLENGTH - 6)
      for (i = 1; i <= n; i++) if (index($0, "\"NetworkID\":\"" lan[i] "\"")) { look(pid); break }
    }'
}

# Records of the macvlan driver whose networks Docker does not know: ID PARENT.
zombies() { # KNOWN ROOT
  zo_store=$2/network/files/local-kv.db
  [ -r "$zo_store" ] || return 0
  zo_unknown=
  zo_ids=$(grep -ao 'macvlan/network/[0-9a-f]*' "$zo_store")
  for zo in $zo_ids; do
    zo=${zo##*/}
    case $1 in *" $zo "*) ;; *) zo_unknown="$zo_unknown $zo" ;; esac
  done
  [ -z "$zo_unknown" ] || zo_unknown=$(zombie_records "$zo_store" "$zo_unknown ")
  frame zombies "$zo_unknown"
}

# Of the store, a bolt database. A page that is free may still have records that were removed; the ids of free pages are on a page that
# the newer of the two head pages names.
zombie_records() { # STORE IDS
  tr -c '\040-\176' '[.*]' <"$1" | awk -v store="$1" -v ids="$2" '
    function numbers(at, count, n,   command, i) { # 64 bits each, to n
      command = "od -An -v -tu8 -w8 -j " at " -N " count * 8 " " store
      for (i = 0; (command | getline n[i]) > 0; i++) n[i] += 0
      close(command)
    }
    BEGIN {
      numbers(0, 9, first)
      size = first[3]
      if (size < 1024) exit
      numbers(size, 9, second)
      list = first[8] > second[8] ? first[6] : second[6]
      numbers(list * size, 2 + 2048, page)
      count = int(page[1] / 65536) % 65536
      for (i = 2; i < 2 + count; i++) free[page[i]]
      key = RS = "macvlan/network/"
    }
    { # the text after one key, up to the next
      at = next_at
      next_at += length($0) + length(key)
      id = substr($0, 1, 64)
      if (at == 0 || int(at / size) in free || !index(ids, " " id " ") || id in told) next
      told[id]
      parent = ""
      if (match($0, /"Parent":"[^"]*"/)) parent = substr($0, RSTART + 10, RLENGTH - 11)
      print id " " parent
    }'
}

# Asked at its socket, a dockerd that somebody stopped would be started by systemd.
docker_rests() {
  if [ -e /run/docker.pid ] || [ ! -d /run/systemd/system ]; then return 1; fi
  case $(bounded systemctl show -p LoadState -p ActiveState docker.service) in
    *LoadState=loaded*ActiveState=active*) return 1 ;;
    *LoadState=loaded*) return 0 ;;
    *) return 1 ;;
  esac
}

docker_part() { # PATH…
  has docker || return 0
  frame docker.path "$(readlink -f "$(command -v docker)")"
  if docker_rests; then
    frame docker.version.failed "1${newline}docker.service is not running"
    compose
    return
  fi
  { do_said=$(ask_docker "$@" 2>&1 >&4); } 4>&1
  compose
  do_ids='' do_networks='' do_lans='' do_root=''
  IFS=$newline
  for do_line in $do_said; do
    case $do_line in
      ids*) do_ids=${do_line#ids} ;;
      networks*) do_networks=${do_line#networks} ;;
      lans*) do_lans=${do_line#lans} ;;
      root*) do_root=${do_line#root } ;;
    esac
  done
  unset IFS
  if [ -n "$do_ids" ]; then
    do_containers=$(bounded docker inspect --type container --format "$CONTAINER" $do_ids 2>/dev/null </dev/null)
    # one that has gone meanwhile makes the call fail, and the others are printed all the same
    if [ $? = 124 ] || [ -z "$do_containers" ]; then
      frame docker.containers.failed "1${newline}docker inspect did not answer"
    else frame docker.containers "$do_containers"; fi
  fi
  if [ "$sudo" != root ] || [ -z "$do_root" ]; then return; fi
  if [ -n "$do_lans" ] && [ -n "$do_ids" ]; then
    frame inside "$(inside "$do_lans" "$do_containers")"
  fi
  zombies "$do_networks" "$do_root"
}
