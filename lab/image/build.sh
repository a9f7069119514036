#!/bin/sh
# shellcheck disable=SC2016 # single-quoted dollars are meant for apt, mmdebstrap or a container
# build.sh SUITE OUT KEY.pub: builds a Debian host (systemd, Docker, sshd, a registry) as OUT/disk.qcow2 with its OUT/vmlinuz and
# OUT/initrd. Needs no root: mmdebstrap then works in a user namespace of its own.
# The mirror and the way to it are the ones that this machine's apt uses; LAB_MIRROR names another.
set -eu
suite=$1
out=$2
key=$3
here=$(cd "$(dirname "$0")" && pwd)

say() { echo "$*"; }

# The second half, run as root or as the user namespace's root: tree to file system.
if [ "${4:-}" = pack ]; then
	tree=$out/tree
	rm -rf "$tree"
	mkdir -p "$tree"
	tar -xf "$out/tree.tar" -C "$tree" --exclude='./dev/*'
	cp -R "$here/rootfs/." "$tree/"
	chown -R 0:0 "$tree/etc/systemd" "$tree/etc/sudoers.d" "$tree/etc/docker" "$tree/etc/ssh/sshd_config.d" "$tree/usr/local/sbin"
	chmod 440 "$tree/etc/sudoers.d/admin"
	chmod 755 "$tree/usr/local/sbin/lab-identity" "$tree/usr/local/sbin/lab-bake"
	rm -f "$tree"/etc/ssh/ssh_host_* "$tree/etc/resolv.conf"
	# Empty, not absent: absent means "first boot ever" to systemd, which then applies its presets over what is enabled here.
	: >"$tree/etc/machine-id"
	echo lab >"$tree/etc/hostname"
	echo 'nameserver 192.168.76.1' >"$tree/etc/resolv.conf"

	for user in admin plain; do
		chroot "$tree" useradd -m -s /bin/bash -p '*' "$user"
	done
	chroot "$tree" usermod -aG docker,sudo admin
	for home in root home/admin home/plain; do
		mkdir -p "$tree/$home/.ssh"
		cp "$key" "$tree/$home/.ssh/authorized_keys"
		chmod 700 "$tree/$home/.ssh"
		chmod 600 "$tree/$home/.ssh/authorized_keys"
	done
	chroot "$tree" chown -R admin:admin /home/admin/.ssh
	chroot "$tree" chown -R plain:plain /home/plain/.ssh
	chroot "$tree" chown -R root:root /root/.ssh

	chroot "$tree" systemctl -q enable systemd-networkd ssh docker docker-registry lab-identity lab-bake
	# What costs time at an emulated boot and does nothing for a lab host.
	for unit in systemd-networkd-wait-online.service systemd-networkd-persistent-storage.service e2scrub_reap.service e2scrub_all.timer apt-daily.timer \
		apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer logrotate.timer man-db.timer systemd-tmpfiles-clean.timer \
		systemd-pcrphase.service systemd-pcrphase-sysinit.service systemd-timesyncd.service getty@tty1.service serial-getty@ttyS0.service \
		systemd-pstore.service systemd-binfmt.service; do
		chroot "$tree" systemctl -q mask "$unit"
	done
	touch "$tree/etc/.updated" "$tree/var/.updated"

	say "making the lab's container images"
	mkdir -p "$tree/usr/share/lab/images"
	sh "$here/appliances.sh" "$tree" "$tree/usr/share/lab/images"

	cp "$tree"/boot/vmlinuz-* "$out/vmlinuz"
	cp "$tree"/boot/initrd.img-* "$out/initrd"
	rm -f "$tree"/boot/*
	say "making the disk"
	rm -f "$out/disk.raw"
	mke2fs -q -F -t ext4 -d "$tree" "$out/disk.raw" 6G
	rm -rf "$tree" "$out/tree.tar"
	exit 0
fi

case $suite in
bookworm) extra='' modules=most ;; # Docker 20.10, client in docker.io, no Compose v2 in Debian; its initramfs-tools reads no modules.d
*) extra=,docker-cli,docker-compose modules=list ;;
esac
packages=systemd,systemd-sysv,dbus,udev,initramfs-tools,linux-image-cloud-amd64,docker.io,docker-registry,openssh-server,sudo,iproute2,iputils-ping,iputils-arping,ca-certificates,kmod,iptables,curl,jq,busybox-static,dnsmasq-base,ethtool,tcpdump$extra

mirror=${LAB_MIRROR:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null | grep -E '/debian/?$' | head -n 1)}
if [ -z "$mirror" ]; then
	echo "no Debian mirror among this machine's apt sources; set LAB_MIRROR to the URL of one" >&2
	exit 2
fi

# The machine's own settings for reaching and trusting its mirror (proxy, date checks) hold for the build as well.
mkdir -p "$out"
apt-config dump 2>/dev/null | grep -E '^Acquire::(Check-|http|https|ForceIPv)' >"$out/apt.conf" || :

say "installing Debian $suite"
# The initial RAM disk holds the two drivers that the disk needs instead of all: half the size, unpacked at every boot.
# Documentation is left out.
mmdebstrap --aptopt="$out/apt.conf" --variant=minbase --include="$packages" \
	--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
	--essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"' \
	--essential-hook="echo MODULES=$modules >\"\$1/etc/initramfs-tools/conf.d/lab\"" \
	--essential-hook='printf "virtio_blk\next4\n" >"$1/usr/share/initramfs-tools/modules.d/lab"' \
	"$suite" "$out/tree.tar" "$mirror"
rm -f "$out/apt.conf"

say "packing"
if [ "$(id -u)" = 0 ]; then
	sh "$0" "$suite" "$out" "$key" pack
else
	mmdebstrap --unshare-helper sh "$0" "$suite" "$out" "$key" pack
fi
qemu-img convert -O qcow2 "$out/disk.raw" "$out/disk.qcow2"
rm -f "$out/disk.raw"
