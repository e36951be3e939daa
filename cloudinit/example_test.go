package cloudinit_test

import (
	"fmt"
	"net/netip"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
)

func ExampleRenderUserData() {
	ours := cloudinit.Config{
		SSHAuthorizedKeys: []string{"ssh-ed25519 AAAAC3Nz operator"},
		InstallGuestAgent: true,
	}
	bootstrap := []byte("## template: jinja\n#cloud-config\nruncmd:\n- 'echo {{ v1.instance_id }}'\n")
	userData, err := cloudinit.RenderUserData(ours, bootstrap)
	fmt.Printf("%s%v\n", userData, err)
	// Output:
	// ## template: jinja
	// #cloud-config
	// runcmd:
	//   - ["systemctl", "enable", "--now", "qemu-guest-agent.service"]
	//   - 'echo {{ v1.instance_id }}'
	// ssh_authorized_keys:
	//   - "ssh-ed25519 AAAAC3Nz operator"
	// packages:
	//   - "qemu-guest-agent"
	// <nil>
}

func ExampleRenderNetworkData() {
	network := cloudinit.Network{NICs: []cloudinit.NIC{{
		Name:       "eth0",
		MAC:        cloudinit.MACFor("default", "vm-1", "nic-0"),
		Addresses:  []netip.Prefix{netip.MustParsePrefix("172.16.3.40/16")},
		Gateway4:   netip.MustParseAddr("172.16.0.1"),
		DNSServers: []netip.Addr{netip.MustParseAddr("172.16.0.1")},
	}}}
	networkData, err := cloudinit.RenderNetworkData(network, 2)
	fmt.Printf("%s%v\n", networkData, err)
	// Output:
	// version: 2
	// ethernets:
	//   eth0:
	//     match:
	//       macaddress: "e6:b1:91:80:70:29"
	//     set-name: "eth0"
	//     dhcp4: false
	//     dhcp6: false
	//     addresses:
	//       - "172.16.3.40/16"
	//     gateway4: "172.16.0.1"
	//     nameservers:
	//       addresses:
	//         - "172.16.0.1"
	// <nil>
}

func ExampleApplyQuirks() {
	network := cloudinit.Network{NICs: []cloudinit.NIC{{
		Name:      "eth0",
		MAC:       cloudinit.MACFor("default", "vm-1", "nic-0"),
		Addresses: []netip.Prefix{netip.MustParsePrefix("172.16.3.40/16")},
		Gateway4:  netip.MustParseAddr("172.16.0.1"),
	}}}
	config, _, err := cloudinit.ApplyQuirks(cloudinit.Config{}, network, "suse-static-routes")
	fmt.Println(config.BootCommands, err)
	// Output: [[ip route replace default via 172.16.0.1 dev eth0]] <nil>
}
