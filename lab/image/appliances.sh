#!/bin/sh
# shellcheck disable=SC2016 # single-quoted dollars are meant for apt, mmdebstrap or a container
# appliances.sh ROOT OUT: makes the lab's container images, as archives that `docker load` takes, from the programs of the
# Debian tree ROOT: no registry, no Docker daemon. Two layers each (programs, then the appliance), all times zero: the
# same tree gives the same digests.
set -eu
root=$1
out=$2
work=$out/.work
mkdir -p "$work"

# layer DIR FILE: packs DIR reproducibly.
layer() { tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf "$2" -C "$1" .; }

digest() { sha256sum "$1" | cut -d' ' -f1; }

# image TAG BASE_LAYER TOP_LAYER CONFIG: writes OUT/NAME.tar; CONFIG is the body of the image's "config" object.
image() {
	tag=$1 base=$2 top=$3 config=$4
	dir=$work/archive
	rm -rf "$dir"
	mkdir -p "$dir/base" "$dir/top"
	ln "$base" "$dir/base/layer.tar"
	ln "$top" "$dir/top/layer.tar"
	cat >"$dir/config.json" <<-JSON
		{"architecture":"amd64","os":"linux","created":"1970-01-01T00:00:00Z","config":{$config},
		"rootfs":{"type":"layers","diff_ids":["sha256:$(digest "$base")","sha256:$(digest "$top")"]},
		"history":[{"created":"1970-01-01T00:00:00Z","created_by":"programs"},{"created":"1970-01-01T00:00:00Z","created_by":"$tag"}]}
	JSON
	printf '[{"Config":"config.json","RepoTags":["%s"],"Layers":["base/layer.tar","top/layer.tar"]}]\n' "$tag" >"$dir/manifest.json"
	tar -cf "$out/$(echo "$tag" | tr '/:' '--').tar" -C "$dir" config.json manifest.json base top
}

# health COMMAND INTERVAL RETRIES: a health check, times in seconds. StartInterval makes a good start known at once
# (Docker >= 25 reads it, older ones pass over it).
health() {
	printf '"Healthcheck":{"Test":["CMD-SHELL","%s"],"Interval":%s000000000,"Timeout":10000000000,"Retries":%s,"StartPeriod":20000000000,"StartInterval":1000000000}' "$1" "$2" "$3"
}

# The programs: one static busybox under all its names.
programs=$work/programs
mkdir -p "$programs/bin" "$programs/tmp" "$programs/etc" "$programs/www"
chmod 1777 "$programs/tmp"
install -m755 "$root/bin/busybox" "$programs/bin/busybox"
for applet in $("$programs/bin/busybox" --list); do
	[ "$applet" = busybox ] || ln -s busybox "$programs/bin/$applet"
done
printf 'root:x:0:0:root:/:/bin/sh\n' >"$programs/etc/passwd"
printf 'root:x:0:\n' >"$programs/etc/group"
layer "$programs" "$work/programs.tar"

# web NAME VERSION HEALTH: a web server on $PORT (default 80) whose page says what and where it is.
web() {
	name=$1 version=$2 check=$3
	dir=$work/web
	rm -rf "$dir"
	mkdir -p "$dir"
	cat >"$dir/start" <<-START
		#!/bin/sh
		# A shell is process 1 so that \`docker stop\` ends it at once: the kernel gives process 1 no default SIGTERM.
		trap 'kill "\$server"; exit 0' TERM INT
		echo "lab/$name $version on \$(hostname)\${GREETING:+ says \$GREETING}" >/www/index.html
		httpd -f -p "\${PORT:-80}" -h /www &
		server=\$!
		wait "\$server"
	START
	chmod 755 "$dir/start"
	layer "$dir" "$work/web.tar"
	image "lab/$name:$version" "$work/programs.tar" "$work/web.tar" \
		"\"Env\":[\"PATH=/bin\"],\"Cmd\":[\"/start\"],\"ExposedPorts\":{\"80/tcp\":{}},\"Labels\":{\"lab.version\":\"$version\"},$check"
}

page='wget -q -O /dev/null http://127.0.0.1:${PORT:-80}/'
web web 1 "$(health "$page" 15 3)"
web web 2 "$(health "$page" 15 3)"
web pulled 1 "$(health "$page" 15 3)"
web pulled 2 "$(health "$page" 15 3)"
# Unhealthy within seconds: no start period hides its failures.
web web broken '"Healthcheck":{"Test":["CMD-SHELL","echo this image is never healthy; exit 1"],"Interval":1000000000,"Timeout":5000000000,"Retries":2}'

crash=$work/crash
mkdir -p "$crash"
printf '#!/bin/sh\necho "lab/web:crash: cannot start: the configuration is wrong" >&2\nexit 3\n' >"$crash/start"
chmod 755 "$crash/start"
layer "$crash" "$work/crash.tar"
image lab/web:crash "$work/programs.tar" "$work/crash.tar" '"Env":["PATH=/bin"],"Cmd":["/start"]'

# A real appliance: Debian's dnsmasq with the libraries that it loads.
dns=$work/dns
mkdir -p "$dns/usr/sbin" "$dns/etc/dnsmasq.d" "$dns/run" "$dns/var/run"
install -m755 "$root/usr/sbin/dnsmasq" "$dns/usr/sbin/dnsmasq"
chroot "$root" ldd /usr/sbin/dnsmasq | grep -o '/[^ ]*' | while read -r library; do
	mkdir -p "$dns${library%/*}"
	cp -L "$root$library" "$dns$library"
done
cat >"$dns/etc/dnsmasq.conf" <<-CONF
	user=root
	no-resolv
	no-hosts
	log-facility=-
	address=/lab.test/192.0.2.53
	local=/lab.test/
	conf-dir=/etc/dnsmasq.d
CONF
layer "$dns" "$work/dns.tar"
image lab/dns:1 "$work/programs.tar" "$work/dns.tar" \
	"\"Env\":[\"PATH=/usr/sbin:/bin\"],\"Cmd\":[\"/usr/sbin/dnsmasq\",\"--keep-in-foreground\"],\"ExposedPorts\":{\"53/udp\":{},\"53/tcp\":{}},\"Labels\":{\"lab.version\":\"1\"},$(health 'nslookup -type=a lab.test 127.0.0.1' 15 3)"

rm -rf "$work"
