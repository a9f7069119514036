#!/bin/sh
# Everything on a host that the project could change, in a form that can be compared before and after. Read-only; run as root.
set -u
section() { printf '== %s\n' "$1"; }

section links
ip -j -d link show | jq -S 'map(del(.ifindex, .link_index, .promiscuity, .allmulti)) | walk(if type == "object" then with_entries(select(.key | endswith("_timer") | not)) else . end)'
section addresses
ip -j addr show | jq -S 'map({ifname, addr_info: (.addr_info | map(del(.valid_life_time, .preferred_life_time)))})'
section routes
ip -j route show table all | jq -S 'map(del(.flags))'
ip -j -6 route show | jq -S 'map(del(.flags, .expires))'
section files
# resolv.conf and adjtime are rewritten by the network and by the clock; machine-id is the host's own.
find /etc /usr/local /lib/systemd/system /var/lib/macvlan /run/macvlan ! -path '/etc/resolv.conf' ! -path '/etc/adjtime' ! -path /etc/docker/key.json \
  -printf '%y %m %u:%g %p -> %l\n' 2>/dev/null | sort -k4
find /etc /usr/local -type f ! -path '/etc/resolv.conf' ! -path '/etc/adjtime' -exec sha256sum {} + | sort -k2
section units
systemctl list-unit-files --no-legend --no-pager | awk '{print $1, $2}' | sort
section udev
udevadm info -q property /sys/class/net/ens4 2>/dev/null | grep -E '^SYSTEMD_' | sort
section docker
docker network ls --no-trunc --format '{{.ID}} {{.Name}} {{.Driver}}' | sort
docker ps -a --no-trunc --format '{{.ID}} {{.Names}} {{.Image}}' | sort
docker image ls -a --no-trunc --format '{{.ID}} {{.Repository}}:{{.Tag}}' | sort
section dockerd
systemctl show docker.service -p InvocationID -p DropInPaths
systemctl show docker.service -p After -p Wants | sed 's/=/ /' | tr ' ' '\n' | sort
