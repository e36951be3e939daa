package harvestermachine

import (
	"slices"
	"strings"
	"unicode"

	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

// guestNeeds is what the cloud-init data are rendered with.
type guestNeeds struct {
	// version of the network data, 1 or 2.
	version int
	// quirks by their names in cloudinit.
	quirks []string
	// installAgent tells whether the guest agent comes from a package.
	installAgent bool
}

// guestOf takes what the spec says; what it leaves out follows from the image. It is pure.
func guestOf(spec *infrav1.Guest, image harvesterclient.Image) guestNeeds {
	if spec == nil {
		spec = &infrav1.Guest{}
	}
	result := guestNeeds{version: 2, quirks: defaultQuirks(systemOf(image)), installAgent: ptr.Deref(spec.InstallAgent, true)}
	if spec.NetworkDataVersion == infrav1.NetworkDataV1 {
		result.version = 1
	}
	if len(spec.Quirks) > 0 {
		result.quirks = nil
	}
	for _, quirk := range spec.Quirks {
		if quirk != infrav1.QuirkNone {
			result.quirks = append(result.quirks, string(quirk))
		}
	}
	return result
}

// system is a family of operating systems that need the same.
type system int

const (
	// otherSystem needs nothing, as far as is known.
	otherSystem system = iota
	// suseSystem is SLES and openSUSE.
	suseSystem
	// transactionalSystem is SL Micro and openSUSE MicroOS, whose root is read-only.
	transactionalSystem
)

func defaultQuirks(of system) []string {
	switch of {
	case suseSystem:
		return []string{string(infrav1.QuirkSUSEStaticRoutes), string(infrav1.QuirkSUSEDHCPRoutes)}
	case transactionalSystem:
		return []string{string(infrav1.QuirkTransactionalRoot)}
	case otherSystem:
	}
	return nil
}

// The beginnings of names as letters and digits, in lower case: those of SUSE's image files, and the dashboard's "SLEs".
var (
	suseNames          = []string{"sles", "sle1", "suse", "opensuse", "leap1"}
	transactionalNames = []string{"slmicro", "slemicro", "suselinuxmicro", "opensusemicroos", "opensuseleapmicro", "microos", "leapmicro"}
	// vague are labels that say nothing about the distribution.
	vague = []string{"", "linux", "otherlinux"}
)

// systemOf goes by the image's label; where that says nothing, by what the image is called, as Harvester's dashboard does
// when it sets the label. The label has one word for SLES and SL Micro, so there the name counts too.
func systemOf(image harvesterclient.Image) system {
	label, name := plainName(image.OSType), plainName(image.DisplayName)
	if !slices.Contains(vague, label) {
		found := systemNamed(label)
		if found == suseSystem && systemNamed(name) == transactionalSystem {
			return transactionalSystem
		}
		return found
	}
	return systemNamed(name)
}

func systemNamed(name string) system {
	begins := func(prefix string) bool { return strings.HasPrefix(name, prefix) }
	switch {
	case slices.ContainsFunc(transactionalNames, begins):
		return transactionalSystem
	case slices.ContainsFunc(suseNames, begins):
		return suseSystem
	}
	return otherSystem
}

// plainName leaves the letters and digits of a name, in lower case.
func plainName(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// bootImage is the image of the volume that the VM boots from; the zero image if none of its volumes has one.
func bootImage(volumes []infrav1.Volume, images map[int]harvesterclient.Image) harvesterclient.Image {
	first, found := uint(0), harvesterclient.Image{}
	for i, order := range bootOrders(volumes) {
		image, has := images[i]
		if has && order > 0 && (first == 0 || order < first) {
			first, found = order, image
		}
	}
	return found
}
