package manifest

import (
	"maps"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/generate/internal/settings"
)

// podNetwork sets values of the chart that RKE2 installs by itself for its "cni" setting. Only Calico has any by default.
func podNetwork(s settings.Settings, given map[string]any) (addon, bool) {
	values := overlay(networkValues(s), given)
	if s.CNI == settings.CNINone || len(values) == 0 {
		return addon{}, false
	}
	return networkAddon(s.CNI, values), true
}

func networkAddon(cni string, values map[string]any) addon {
	return addon{
		suffix: cni, selector: "cni", selected: "external", kind: "HelmChartConfig", chart: "rke2-" + cni,
		spec: map[string]any{}, values: values,
	}
}

// networkValues are what the flags say, in the words of each chart.
func networkValues(s settings.Settings) map[string]any {
	switch {
	case s.CNI == settings.CNICalico:
		return map[string]any{"installation": map[string]any{"calicoNetwork": calicoNetwork(s)}}
	case s.CNIMTU == 0:
		return nil
	case s.CNI == settings.CNICanal:
		return map[string]any{"calico": map[string]any{"vethuMTU": s.CNIMTU}}
	case s.CNI == settings.CNICilium:
		return map[string]any{"MTU": s.CNIMTU}
	}
	return nil
}

func calicoNetwork(s settings.Settings) map[string]any {
	network := map[string]any{
		"bgp":     "Disabled",
		"ipPools": calicoPools(s),
	}
	if s.NeedsBGP() {
		network["bgp"] = "Enabled"
	}
	if s.CNIMTU != 0 {
		network["mtu"] = s.CNIMTU
	}
	return network
}

func calicoPools(s settings.Settings) []any {
	cidrs := s.PodCIDRs()
	pools := make([]any, 0, len(cidrs))
	for _, cidr := range cidrs {
		pools = append(pools, map[string]any{
			"cidr": cidr, "encapsulation": s.EncapsulationOf(cidr), "natOutgoing": "Enabled", "nodeSelector": "all()",
		})
	}
	return pools
}

// overlay puts one mapping over another, key by key; what is no mapping on both sides is replaced as a whole, as Helm does.
func overlay(under, over map[string]any) map[string]any {
	merged := maps.Clone(under)
	if merged == nil {
		merged = make(map[string]any, len(over))
	}
	for key, value := range over {
		below, nested := merged[key].(map[string]any)
		if above, both := value.(map[string]any); nested && both {
			value = overlay(below, above)
		}
		merged[key] = value
	}
	return merged
}
