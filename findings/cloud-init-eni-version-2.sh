#!/usr/bin/env bash
# cloud-init 25.1.4, ENI renderer (Debian guests without netplan), network configuration version 2 with name servers and
# an IPv6 default route, all of it valid: /etc/network/interfaces gets a line that is a Python dictionary in print, and
# the commands that set the IPv6 route stand in the IPv4 stanza.
#
# Expected by most: `dns-nameservers` alone, and the route in the `inet6` stanza. As written, the IPv6 route is set when
# the IPv4 part comes up, before the interface has its IPv6 address, and `|| true` hides a failure.
#
# Output seen: the stanza of eth0 as in `expected` below.
. "$(dirname "$0")/lib/cloud-init.sh"

cat >network.yaml <<'EOF'
version: 2
ethernets:
  eth0:
    match: {macaddress: "52:54:00:12:34:56"}
    set-name: eth0
    addresses: [192.0.2.10/24, "2001:db8::10/64"]
    routes:
    - {to: "::/0", via: "2001:db8::1"}
    nameservers: {addresses: [192.0.2.53]}
EOF
convert debian eni
grep -vE '^(#|$)' out/eni/etc/network/interfaces.d/50-cloud-init | sed -n '/^auto eth0/,$p' >seen

cat >expected <<'EOF'
auto eth0
iface eth0 inet static
    address 192.0.2.10/24
    dns-nameservers 192.0.2.53
    dns {'nameservers': ['192.0.2.53'], 'search': []}
    post-up route add -A inet6 default gw 2001:db8::1 || true
    pre-down route del -A inet6 default gw 2001:db8::1 || true
iface eth0 inet6 static
    address 2001:db8::10/64
EOF
same
