#!/bin/sh
# setup.sh [test]: installs what the lab, or with `test` every tier of tests, needs and this machine lacks. Debian and its kin; as root or with sudo.
set -eu

need=
want() { # PROGRAM PACKAGE
	command -v "$1" >/dev/null 2>&1 || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] || need="$need $2"
}
want qemu-system-x86_64 qemu-system-x86
want qemu-img qemu-utils
want mmdebstrap mmdebstrap
want mke2fs e2fsprogs
want ssh openssh-client
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || need="$need debian-archive-keyring"
[ "$(id -u)" = 0 ] || want newuidmap uidmap
if [ "${1:-}" = test ]; then
	want shellcheck shellcheck
	want dash dash
	want ip iproute2
	want unshare util-linux
	want ps procps
fi
[ -n "$need" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "missing:$need (package names of Debian); install them with this system's package manager" >&2
	exit 2
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null; then
		# The list is words by design.
		# shellcheck disable=SC2086
		echo "some packages are missing; run: sudo apt-get install --no-install-recommends" $need >&2
		exit 2
	fi
	sudo="sudo -n"
fi
echo "installing$need"
$sudo apt-get -q update
# shellcheck disable=SC2086
$sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -y install --no-install-recommends $need
