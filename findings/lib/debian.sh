# Sourced by the findings about Debian's packages. Needs apt-get, dpkg and Debian's archive keyring; no root, and nothing of
# the system changes.
. "$(dirname "${BASH_SOURCE[0]}")/finding.sh"

# unpack PACKAGE... unpacks packages of Debian 13 below tree/ in the temporary directory.
unpack() {
	local mirror
	# The mirror is the one that this machine uses already.
	mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -m1 '/debian/*$')
	mkdir -p apt/lists/partial apt/cache/archives/partial debs
	: >apt/status
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" >apt/sources.list
	local options=(-qq -o "Dir::Etc::sourcelist=$work/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
		-o "Dir::State::lists=$work/apt/lists" -o "Dir::State::status=$work/apt/status" -o "Dir::Cache=$work/apt/cache")
	[ "$(id -u)" != 0 ] || options+=(-o APT::Sandbox::User=root)
	apt-get "${options[@]}" update
	(cd debs && apt-get "${options[@]}" download "$@")
	for package in debs/*.deb; do dpkg -x "$package" tree; done
	rm -rf apt debs
}

# unpacked PROGRAM ARGUMENT... runs a program of the tree, with the tree's own libraries.
unpacked() {
	"$work"/tree/usr/lib64/ld-linux-x86-64.so.2 --library-path "$work/tree/usr/lib/x86_64-linux-gnu" \
		"$work/tree/usr/bin/$1" "${@:2}"
}
