#!/bin/sh
# managed by pulumi-macvlan
# Sent over ssh ahead of observe.sh, in the same session, and never installed: prints, as frames, what makes macvlan links at boot on a host
# that may never have been ours, and which containers have a MAC of their own. Changes nothing.
# shellcheck disable=SC2016,SC2086  # the inner script is not for this shell; $root and $made are lists of words
(
  set -u
  export LC_ALL=C PATH="/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:${PATH:-}"

  root=
  if [ "$(id -u)" -ne 0 ] && timeout 15 sudo -n true >/dev/null 2>&1; then root='sudo -n --'; fi
  bounded() { timeout -k 2 15 "$@" 2>/dev/null; }
  frame() {
    printf '== %s\n' "$1"
    sed 's/^==/===/'
  }

  # Where people put such things. Of what was sent to find them only lines that make or name a link are printed: the files may hold
  # passwords (keyfiles of NetworkManager, crontabs).
  mentions() {
    bounded $root find -L /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /etc/systemd/network /run/systemd/network \
      /usr/local/lib/systemd/network /etc/network /etc/NetworkManager/system-connections /etc/NetworkManager/dispatcher.d \
      /etc/networkd-dispatcher /etc/rc.local /etc/crontab /etc/cron.d /var/spool/cron /usr/local/bin /usr/local/sbin /root /opt \
      -maxdepth 2 -type f -size -128k ! -path '*.wants/*' ! -path '*.requires/*' ! -name 'macvlan-parent@.service' \
      ! -name 'macvlan-appliances.service' ! -name '50-macvlan*' ! -name '05-macvlan-*' \
      -exec grep -lsIiE '^[^#;]*(mac|ip)vlan' {} + | head -n 40
  }
  lines() {
    bounded $root grep -HiE '^[^#;]*(ip +(-[^ ]+ +)*link +add|type[ =]+(mac|ip)vlan|kind=|name=|^[[:space:]]*iface )' $made |
      grep -viE '^[^:]*:.*(pass|psk|secret|token|key)[a-z_-]*='
  }
  # Units that run one of the scripts: the unit, then the script.
  runners() {
    for script in $made; do
      case $script in *.service | *.netdev | *.network | *.nmconnection | */interfaces | */interfaces.d/* | */cron*) continue ;; esac
      for unit in $(bounded $root grep -lsF "$script" /etc/systemd/system/*.service /etc/systemd/system/*.d/*.conf /usr/local/lib/systemd/system/*.service); do
        echo "$unit $script"
      done
    done
  }
  units() {
    for unit in docker.service $({
      printf '%s\n' $made
      runners | cut -d ' ' -f 1
    } | sed -n 's|.*/\([^/@]*\.service\)$|\1|p' | sort -u); do
      bounded systemctl show "$unit" -p Id -p LoadState -p ActiveState -p UnitFileState -p Result -p Before -p After -p Wants -p Requires -p BindsTo \
        -p RequiredBy -p WantedBy | frame "boot.unit.$unit"
    done
  }
  # What was asked for at create, which `docker inspect` does not show: the MAC of a container that runs may be Docker's own choice.
  pins() {
    data=$(bounded $root sed -n 's/.*"data-root"[^"]*"\([^"]*\)".*/\1/p' /etc/docker/daemon.json)
    bounded $root sh -c 'cd "$1/containers" || exit 0; for id in *; do
        [ -f "$id/config.v2.json" ] || continue
        printf "%s" "$id"
        grep -o "\"DesiredMacAddress\":\"[^\"]*\"" "$id/config.v2.json" | cut -d : -f 2- | tr -d "\"" | tr "\n" " " | sed "s/^/ /"
        echo
      done' sh "${data:-/var/lib/docker}"
  }

  main() {
    made=$(mentions)
    [ -z "$made" ] || printf '%s\n' $made | frame boot.made
    { [ -z "$made" ] || lines; } | frame boot.lines
    runners | frame boot.runs
    units
    pins | frame boot.pins
    # observe.sh asks for those of NICs and of our own links.
    grep -H . /proc/sys/net/ipv4/conf/*/arp_filter /proc/sys/net/ipv4/conf/*/arp_ignore /proc/sys/net/ipv4/conf/*/rp_filter | frame boot.arp
  }
  main
) </dev/null
