#!/bin/sh
# Installs the judges of this directory on a Debian machine: the release's own cloud-init as a package, and Debian 13's
# cloud-init and netplan unpacked below the directory given as argument, without touching the system's own. netplan comes
# with the libraries it runs on. Needs root for the package.
set -eu
dir=${1:?usage: install.sh DIRECTORY}
command -v cloud-init >/dev/null || {
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends cloud-init
}
[ -d "$dir/usr/lib/python3/dist-packages/cloudinit" ] && [ -x "$dir/netplan/usr/libexec/netplan/generate" ] && exit 0

# The mirror is the one this machine uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$')
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
dir=$(cd "$dir" && pwd)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$dir/apt/sources.list"
cd "$dir"
set -- -qq -o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=- \
	-o "Dir::State::lists=$dir/apt/lists" -o Dir::State::status=/dev/null -o "Dir::Cache=$dir/apt/cache" -o APT::Sandbox::User=root
apt-get "$@" update
apt-get "$@" download cloud-init netplan-generator libnetplan1 libc6 libglib2.0-0t64 libyaml-0-2 libuuid1 libpcre2-8-0 \
	libatomic1 libffi8 zlib1g libmount1 libblkid1 libselinux1
dpkg -x cloud-init_*.deb .
rm cloud-init_*.deb
mkdir -p netplan
for package in *.deb; do dpkg -x "$package" netplan; done
rm -rf apt ./*.deb
