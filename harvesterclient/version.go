package harvesterclient

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"

	hciv1 "github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/harvesterhci/v1beta1"
)

// Version is a version of Harvester.
type Version struct {
	Major, Minor, Patch int
	// Raw is what Harvester said, such as "v1.8.0-rc2" or "dev".
	Raw string
}

var versionPattern = regexp.MustCompile(`^v?(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:[-+].*)?$`)

// ParseVersion reads what the server-version setting holds. A build that is not numbered, such as "dev" or
// "master-head", gives zero numbers, and Has takes it for the newest.
func ParseVersion(raw string) Version {
	version := Version{Raw: raw}
	if match := versionPattern.FindStringSubmatch(raw); match != nil {
		// The pattern leaves nothing that Atoi could refuse but an absent patch, which is zero.
		version.Major, _ = strconv.Atoi(match[1])
		version.Minor, _ = strconv.Atoi(match[2])
		version.Patch, _ = strconv.Atoi(match[3])
	}

	return version
}

// IsZero is true for a build without a number.
func (v Version) IsZero() bool { return v.Major == 0 && v.Minor == 0 && v.Patch == 0 }

// Compare is negative, zero or positive as v is older than, the same as or newer than w. Pre-releases count as the
// release they lead to; a build without a number is newer than all others.
func (v Version) Compare(w Version) int {
	switch {
	case v.IsZero() && w.IsZero():
		return 0
	case v.IsZero():
		return 1
	case w.IsZero():
		return -1
	}

	return cmp.Or(cmp.Compare(v.Major, w.Major), cmp.Compare(v.Minor, w.Minor), cmp.Compare(v.Patch, w.Patch))
}

// String is what Harvester said, or the numbers when it said nothing.
func (v Version) String() string {
	if v.Raw != "" {
		return v.Raw
	}

	return fmt.Sprintf("v%d.%d.%d", v.Major, v.Minor, v.Patch)
}

// ReadServerVersion reads the setting server-version, which every authenticated user of Harvester may.
func ReadServerVersion(ctx context.Context, r client.Reader) (Version, error) {
	setting := &hciv1.Setting{}
	key := client.ObjectKey{Name: hciv1.SettingServerVersion}
	if err := r.Get(ctx, key, setting); err != nil {
		return Version{}, readError("setting", key, err)
	}
	value := setting.EffectiveValue()
	if value == "" {
		return Version{}, failf(ErrNotReady, "setting %q is empty: Harvester is still starting", key.Name)
	}

	return ParseVersion(value), nil
}
