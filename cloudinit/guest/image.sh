#!/bin/sh
# Builds a small Debian guest for every suite named: DIRECTORY/SUITE/{kernel,initrd,root.ext4}. What an earlier run of this
# same script built stays. Needs Debian and root: packages that are missing are installed, and the guest's files are
# root's.
set -eu
dir=${1:?usage: image.sh DIRECTORY SUITE...}
shift

packages=systemd,systemd-sysv,systemd-resolved,udev,dbus,cloud-init,iproute2,openssh-server,netplan.io
packages=$packages,linux-image-cloud-amd64,initramfs-tools
made=$(cksum <"$0")
stale=
for suite in "$@"; do
	[ "$(cat "$dir/$suite/made" 2>/dev/null)" = "$made" ] || stale="$stale $suite"
done
missing=
for need in mmdebstrap:mmdebstrap qemu-system-x86_64:qemu-system-x86 genisoimage:genisoimage mke2fs:e2fsprogs; do
	command -v "${need%%:*}" >/dev/null || missing="$missing ${need#*:}"
done
if [ -n "$stale$missing" ] && [ "$(id -u)" != 0 ]; then
	echo "image.sh: run this as root once: it builds${stale:- nothing} and installs${missing:- nothing}" >&2
	exit 1
fi
if [ -n "$missing" ]; then
	echo "image.sh: installing$missing seabios"
	apt-get update -qq
	# shellcheck disable=SC2086 # a list of packages
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing seabios >/dev/null
fi

# The mirror is the one this machine uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$')
for suite in $stale; do
	echo "image.sh: building Debian $suite, about a minute"
	out=$dir/$suite
	rm -rf "$out"
	mkdir -p "$out"
	tree=$out/tree
	trap 'rm -rf "$tree"' EXIT
	mmdebstrap --quiet --variant=minbase --include="$packages" "$suite" "$tree" "$mirror"
	cp "$tree"/boot/vmlinuz-* "$out/kernel"
	cp "$tree"/boot/initrd.img-* "$out/initrd"
	rm -rf "$tree"/boot/* "$tree"/var/lib/apt/lists/* "$tree"/var/cache/apt/*.bin
	truncate -s 2G "$out/root.ext4"
	mke2fs -q -t ext4 -d "$tree" "$out/root.ext4"
	rm -rf "$tree"
	echo "$made" >"$out/made"
done
