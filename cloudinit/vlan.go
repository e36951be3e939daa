package cloudinit

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// VLAN is an interface that carries one tag of another. cloud-init's networkd renderer makes none before release 26.2;
// netplan, ENI, sysconfig and NetworkManager do.
type VLAN struct {
	// ID is the tag, 1 to 4094.
	ID int
	// Link is the Name of the NIC that carries the tag.
	Link string
	// NIC holds the interface's own name and addresses. Its MAC stays empty: the link's is used.
	NIC
}

const maxVLAN = 4094

func (v VLAN) validate(at string, links []NIC) error {
	if v.ID < 1 || v.ID > maxVLAN {
		return refuse(at+".ID", fmt.Sprintf("is not between 1 and %d", maxVLAN))
	}
	if len(v.MAC) > 0 {
		return refuse(at+".MAC", "must be empty: a VLAN has its link's")
	}
	for _, link := range links {
		if link.Name != v.Link {
			continue
		}
		if link.MTU != 0 && v.MTU > link.MTU {
			return refuse(at+".MTU", "is larger than that of its link")
		}
		return v.validateSettings(at)
	}
	return refuse(at+".Link", "names none of the NICs")
}

func (v VLAN) version1(at string) (*yaml.Node, error) {
	node := mapping()
	add(node, "type", plain("vlan"))
	add(node, "name", text(v.Name))
	add(node, "vlan_link", text(v.Link))
	add(node, "vlan_id", number(v.ID))
	return v.settings1(node, at)
}

func (v VLAN) version2() *yaml.Node {
	node := mapping()
	add(node, "id", number(v.ID))
	add(node, "link", text(v.Link))
	return v.settings2(node)
}
