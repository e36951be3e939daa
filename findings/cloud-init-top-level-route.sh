#!/usr/bin/env bash
# cloud-init 25.1.4, network configuration version 1: the documented top-level entry `type: route` is dropped without a
# word by the netplan, NetworkManager and sysconfig renderers, and networkd adds it to every interface.
#
# Expected by most: a documented entry of the format has the same effect in each renderer, or a warning. Put the route
# into an interface's subnet (`routes` or `gateway`), where all but SUSE's keep it.
#
# Output seen: the number of files in which the gateway stands, of two interfaces:
#   netplan 0
#   network-manager 0
#   sysconfig 0
#   networkd 2
. "$(dirname "$0")/lib/cloud-init.sh"

cat >network.yaml <<'EOF'
version: 1
config:
- type: physical
  name: eth0
  mac_address: "52:54:00:12:34:56"
  subnets:
  - {type: static, address: 192.0.2.10/24}
- type: physical
  name: eth1
  mac_address: "52:54:00:12:34:57"
  subnets:
  - {type: static, address: 198.51.100.10/24}
- type: route
  destination: 203.0.113.0/24
  gateway: 192.0.2.254
EOF
convert ubuntu netplan
convert rhel network-manager
convert rhel sysconfig
convert debian networkd

for renderer in netplan network-manager sysconfig networkd; do
	echo "$renderer $(grep -rlwF 192.0.2.254 "out/$renderer" | wc -l)"
done >seen

cat >expected <<'EOF'
netplan 0
network-manager 0
sysconfig 0
networkd 2
EOF
same
