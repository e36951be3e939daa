#!/usr/bin/env bash
# cloud-init 25.1.4, network configuration version 2: `dhcp4-overrides` with `use-routes: false` and `use-dns: false` are
# valid for the schema, and the NetworkManager, sysconfig and ENI renderers write exactly what they write without them.
#
# Expected by most: an interface into a storage or backup network takes its address by DHCP, and leaves default route and
# name servers alone, in every guest as in Ubuntu. In guests of RHEL, SLES and Debian nothing of the wish is left: what
# the second network's DHCP server hands out competes with the first's, without a warning, and a node may leave by the
# wrong way or resolve no name. Give such an interface a static address without a gateway.
#
# Output seen, of an interface with the overrides, compared with one without:
#   netplan (ubuntu): different
#   networkd (debian): different
#   network-manager (rhel): the same
#   sysconfig (rhel): the same
#   sysconfig (sles): the same
#   eni (debian): the same
. "$(dirname "$0")/lib/cloud-init.sh"

interface() {
	cat >network.yaml <<-END
		version: 2
		ethernets:
		  eth1:
		    match: {macaddress: "52:54:00:12:34:57"}
		    set-name: eth1
		    dhcp4: true
		    $1
	END
}

compare() {
	rm -rf out without
	interface ''
	convert "$1" "$2"
	mv "out/$2" without
	interface 'dhcp4-overrides: {use-routes: false, use-dns: false}'
	convert "$1" "$2"

	verdict=different
	! diff -r without "out/$2" >/dev/null || verdict="the same"
	echo "$2 ($1): $verdict"
}

interface 'dhcp4-overrides: {use-routes: false, use-dns: false}'
cloud_init schema -t network-config --config-file network.yaml >schema.log 2>&1 || { cat schema.log; exit 1; }
{
	compare ubuntu netplan
	compare debian networkd
	compare rhel network-manager
	compare rhel sysconfig
	compare sles sysconfig
	compare debian eni
} >seen

cat >expected <<'END'
netplan (ubuntu): different
networkd (debian): different
network-manager (rhel): the same
sysconfig (rhel): the same
sysconfig (sles): the same
eni (debian): the same
END
same
