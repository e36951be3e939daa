#!/usr/bin/env bash
# cloud-init 25.1.4, sysconfig renderer for SLES: a static default gateway never reaches the guest.
#
# Expected by most: what `gateway` (version 1) or `routes` (version 2) says becomes a line in
# /etc/sysconfig/network/routes or ifroute-eth0, the two places from which SUSE's wicked reads routes. cloud-init accepts
# the configuration without a warning, writes address and mask, and no file that holds the gateway. For RHEL the same
# renderer writes it. A SLES VM with a static address reaches its own subnet only. 22.4.2 does the same.
#
# Output seen:
#   sles, version 1: address written, gateway in 0 files
#   sles, version 2: address written, gateway in 0 files
#   rhel, version 1: address written, gateway in 1 files
. "$(dirname "$0")/lib/cloud-init.sh"

look() {
	rm -rf out
	convert "$1" sysconfig
	address=missing
	! grep -rqE '^IPADDR=192\.0\.2\.10$' out/sysconfig || address=written
	echo "$1, version $2: address $address, gateway in $(grep -rlwF 192.0.2.254 out/sysconfig | wc -l) files"
}

version1() {
	cat >network.yaml <<'EOF'
version: 1
config:
- type: physical
  name: eth0
  mac_address: "52:54:00:12:34:56"
  subnets:
  - {type: static, address: 192.0.2.10/24, gateway: 192.0.2.254}
EOF
}
version2() {
	cat >network.yaml <<'EOF'
version: 2
ethernets:
  eth0:
    match: {macaddress: "52:54:00:12:34:56"}
    set-name: eth0
    addresses: [192.0.2.10/24]
    routes:
    - {to: 0.0.0.0/0, via: 192.0.2.254}
EOF
}

{
	version1; look sles 1
	version2; look sles 2
	version1; look rhel 1
} >seen

cat >expected <<'EOF'
sles, version 1: address written, gateway in 0 files
sles, version 2: address written, gateway in 0 files
rhel, version 1: address written, gateway in 1 files
EOF
same
