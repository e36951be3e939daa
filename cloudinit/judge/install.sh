#!/bin/sh
# Installs the judges of this folder on a Debian machine: the release's own cloud-init as a package, and Debian 13's
# unpacked below the folder given as argument, without touching the system's own. Needs root for the package.
set -eu
dir=${1:?usage: install.sh FOLDER}
command -v cloud-init >/dev/null || {
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends cloud-init
}
[ -d "$dir/usr/lib/python3/dist-packages/cloudinit" ] && exit 0

# The mirror is the one this machine uses already.
mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$')
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
dir=$(cd "$dir" && pwd)
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >"$dir/apt/sources.list"
cd "$dir"
set -- -qq -o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=- \
	-o "Dir::State::lists=$dir/apt/lists" -o "Dir::Cache=$dir/apt/cache" -o APT::Sandbox::User=root
apt-get "$@" update
apt-get "$@" download cloud-init
dpkg -x cloud-init_*.deb .
rm -rf apt cloud-init_*.deb
