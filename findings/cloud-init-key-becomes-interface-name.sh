#!/usr/bin/env bash
# cloud-init 25.1.4, network configuration version 2: an interface that is matched by MAC address and has no `set-name`
# is renamed to its YAML key, or is not found at all, by every renderer but netplan.
#
# Expected by most, as netplan's reference says: the key is an opaque ID when `match` is given. The networkd renderer
# demands both the MAC address and the key as name, so that an interface called enp1s0 matches nothing and stays without
# an address; ENI and sysconfig write a udev rule that renames it; netplan leaves the name alone.
#
# Output seen:
#   networkd: MACAddress=52:54:00:12:34:56 Name=lan
#   eni: NAME="lan"
#   sysconfig: NAME="lan"
#   netplan: set-name in 0 lines
. "$(dirname "$0")/lib/cloud-init.sh"

cat >network.yaml <<'EOF'
version: 2
ethernets:
  lan:
    match: {macaddress: "52:54:00:12:34:56"}
    addresses: [192.0.2.10/24]
EOF
convert debian networkd
convert debian eni
convert rhel sysconfig
convert ubuntu netplan

{
	echo "networkd:" $(sed -n '/^\[Match\]/,/^$/p' out/networkd/etc/systemd/network/*.network | grep =)
	echo "eni: $(grep -rhoE 'NAME="[a-z0-9]+"$' out/eni/etc/udev)"
	echo "sysconfig: $(grep -rhoE 'NAME="[a-z0-9]+"$' out/sysconfig/etc/udev)"
	echo "netplan: set-name in $(grep -c set-name out/netplan/etc/netplan/50-cloud-init.yaml || true) lines"
} >seen

cat >expected <<'EOF'
networkd: MACAddress=52:54:00:12:34:56 Name=lan
eni: NAME="lan"
sysconfig: NAME="lan"
netplan: set-name in 0 lines
EOF
same
