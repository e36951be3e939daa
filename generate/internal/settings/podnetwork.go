package settings

import (
	"fmt"
	"strings"
)

// Encapsulations of Calico's packets between machines.
const (
	EncapsulationVXLAN            = "VXLAN"
	EncapsulationVXLANCrossSubnet = "VXLANCrossSubnet"
	EncapsulationIPIP             = "IPIP"
	EncapsulationIPIPCrossSubnet  = "IPIPCrossSubnet"
	EncapsulationNone             = "None"
)

var encapsulations = []string{
	EncapsulationVXLAN, EncapsulationVXLANCrossSubnet, EncapsulationIPIP, EncapsulationIPIPCrossSubnet, EncapsulationNone,
}

// NeedsBGP tells whether Calico has to tell routes from machine to machine: all but VXLAN need that.
func (s Settings) NeedsBGP() bool {
	return s.CNIBGP || s.CNIEncapsulation != EncapsulationVXLAN && s.CNIEncapsulation != EncapsulationVXLANCrossSubnet
}

func bgp(s Settings) string {
	if s.CNIBGP && s.CNI != CNICalico {
		return "is read with --cni calico only: leave it out, or say it in --cni-values"
	}
	return ""
}

// EncapsulationOf is how Calico's packets of one range travel: IPIP carries IPv4 only.
func (s Settings) EncapsulationOf(cidr string) string {
	ipip := s.CNIEncapsulation == EncapsulationIPIP || s.CNIEncapsulation == EncapsulationIPIPCrossSubnet
	if ipip && strings.Contains(cidr, ":") {
		return EncapsulationNone
	}
	return s.CNIEncapsulation
}

// Bounds of an MTU: IPv6 wants 1280 at least, and jumbo frames end at 9216.
const leastMTU, mostMTU = 1280, 9216

func mtu(s Settings) string {
	switch {
	case s.CNIMTU == 0:
		return ""
	case s.CNI == CNINone:
		return "is read with a pod network only: choose one by --cni or leave it out"
	case s.CNIMTU < leastMTU || s.CNIMTU > mostMTU:
		return fmt.Sprintf("is %d; give %d to %d, or leave it out for what the network has", s.CNIMTU, leastMTU, mostMTU)
	}
	return ""
}

func encapsulation(s Settings) string {
	if text := oneOf(s.CNIEncapsulation, encapsulations...); text != "" {
		return text
	}
	if s.CNI != CNICalico && s.CNIEncapsulation != EncapsulationVXLAN {
		return "is read with --cni calico only: leave it out, or say it in --cni-values"
	}
	return ""
}

func networkValues(s Settings) string {
	if s.CNIValues != "" && s.CNI == CNINone {
		return "is read with a pod network only: choose one by --cni or leave it out"
	}
	return ""
}
