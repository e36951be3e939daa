package harvestermachine

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/cloudinit"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
)

var (
	ofSUSE          = []string{"suse-static-routes", "suse-dhcp-routes"}
	ofTransactional = []string{"transactional-root"}
)

func TestGuestFollowsItsImage(t *testing.T) {
	for name, test := range map[string]struct {
		label, display string
		quirks         []string
	}{
		"the dashboard's label of SLES":       {"SLEs", "image", ofSUSE},
		"its label of openSUSE":               {"openSUSE", "image", ofSUSE},
		"another tool's label":                {"sles", "image", ofSUSE},
		"SL Micro under the label of SLES":    {"SLEs", "SL-Micro.x86_64-6.1-Default-qcow-GM.qcow2", ofTransactional},
		"a label of SL Micro":                 {"sl-micro", "image", ofTransactional},
		"Ubuntu, whatever it is called":       {"ubuntu", "sles-migrated", nil},
		"a label that says nothing":           {"linux", "sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2", ofSUSE},
		"another label that says nothing":     {"otherLinux", "debian-12-genericcloud-amd64.qcow2", nil},
		"the guide's image without a label":   {"", "sles15-sp7-minimal-vm.x86_64-cloud-qu2.qcow2", ofSUSE},
		"SUSE's name of it":                   {"", "SLES15-SP7-Minimal-VM.x86_64-Cloud-GM.qcow2", ofSUSE},
		"SLE 15":                              {"", "SLE-15-SP6.qcow2", ofSUSE},
		"Leap":                                {"", "openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2", ofSUSE},
		"Leap by its short name":              {"", "leap-15.6", ofSUSE},
		"SLE Micro":                           {"", "SLE-Micro.x86_64-5.5.0-Default-qcow-GM.qcow2", ofTransactional},
		"MicroOS":                             {"", "openSUSE-MicroOS.x86_64-OpenStack-Cloud.qcow2", ofTransactional},
		"Leap Micro":                          {"", "openSUSE-Leap-Micro.x86_64-Default-qcow.qcow2", ofTransactional},
		"Ubuntu":                              {"", "ubuntu-24.04-server-cloudimg-amd64.img", nil},
		"a word that begins like one of them": {"", "sleepy.qcow2", nil},
		"nothing is known":                    {"", "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			image := harvesterclient.Image{OSType: test.label, DisplayName: test.display}
			for _, spec := range []*infrav1.Guest{nil, {}} {
				assert.Equal(t, guestNeeds{version: 2, quirks: test.quirks, installAgent: true}, guestOf(spec, image))
			}
		})
	}
}

func TestGuestOfTheSpecWins(t *testing.T) {
	sles := harvesterclient.Image{OSType: "SLEs"}
	for name, test := range map[string]struct {
		spec infrav1.Guest
		want guestNeeds
	}{
		"version 1":                  {infrav1.Guest{NetworkDataVersion: infrav1.NetworkDataV1}, guestNeeds{1, ofSUSE, true}},
		"version 2":                  {infrav1.Guest{NetworkDataVersion: infrav1.NetworkDataV2}, guestNeeds{2, ofSUSE, true}},
		"no quirk":                   {infrav1.Guest{Quirks: []infrav1.Quirk{infrav1.QuirkNone}}, guestNeeds{2, nil, true}},
		"another quirk":              {infrav1.Guest{Quirks: []infrav1.Quirk{infrav1.QuirkSUSEDHCPByMAC}}, guestNeeds{2, []string{"suse-dhcp-by-mac"}, true}},
		"the agent is in the image":  {infrav1.Guest{InstallAgent: ptr.To(false)}, guestNeeds{2, ofSUSE, false}},
		"the agent is to be fetched": {infrav1.Guest{InstallAgent: ptr.To(true)}, guestNeeds{2, ofSUSE, true}},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, test.want, guestOf(&test.spec, sles)) })
	}
}

// Every quirk that the API names is one of cloudinit's, and every one of cloudinit's can be named.
func TestQuirksOfTheAPIAreCloudInits(t *testing.T) {
	var known []string
	for _, quirk := range cloudinit.Quirks() {
		known = append(known, quirk.Name)
	}
	var named []string
	for _, quirk := range []infrav1.Quirk{
		infrav1.QuirkDHCPByMAC, infrav1.QuirkSUSEDHCPByMAC, infrav1.QuirkSUSEDHCPRoutes, infrav1.QuirkSUSEStaticRoutes, infrav1.QuirkTransactionalRoot,
	} {
		named = append(named, string(quirk))
	}
	assert.ElementsMatch(t, known, named)
}

func TestBootImage(t *testing.T) {
	volume := func(order int32) infrav1.Volume {
		if order == 0 {
			return infrav1.Volume{}
		}
		return infrav1.Volume{BootOrder: &order}
	}
	images := map[int]harvesterclient.Image{1: {Name: "one"}, 2: {Name: "two"}}
	for want, volumes := range map[string][]infrav1.Volume{
		"one": {volume(0), volume(0), volume(0)},
		"two": {volume(0), volume(2), volume(1)},
		"":    {volume(1), volume(0), volume(0)},
	} {
		assert.Equal(t, want, bootImage(volumes, images).Name)
	}
	assert.Empty(t, bootImage(nil, nil))
}
