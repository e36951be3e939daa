// Package version knows how Harvester's releases differ, as data: a Version is parsed from the text of setting
// server-version, and its Quirks say how that release behaves. Sources are the release tags of Harvester, its load
// balancer and KubeVirt, as collected in the project's Harvester facts.
//
// It refuses releases before 1.3, whose APIs differ too much.
package version

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrUnsupported is returned for a text that is no version, or one before 1.3.
var ErrUnsupported = errors.New("unsupported Harvester version")

// Version is a release of Harvester.
type Version struct {
	Major, Minor, Patch int
	// Raw is the text it was parsed from.
	Raw string
}

// Parse reads versions such as v1.8.0, 1.9.0-rc6 or v1.7.1-head.
func Parse(text string) (Version, error) {
	core, _, _ := strings.Cut(strings.TrimPrefix(text, "v"), "-")
	parts := strings.Split(core, ".")
	version := Version{Raw: text}
	if len(parts) != 3 {
		return Version{}, fmt.Errorf("%w: %q: write it like v1.8.0", ErrUnsupported, text)
	}
	for i, target := range []*int{&version.Major, &version.Minor, &version.Patch} {
		number, err := strconv.Atoi(parts[i])
		if err != nil || number < 0 {
			return Version{}, fmt.Errorf("%w: %q: write it like v1.8.0", ErrUnsupported, text)
		}
		*target = number
	}
	if !version.AtLeast(1, 3) {
		return Version{}, fmt.Errorf("%w: %q is before v1.3.0", ErrUnsupported, text)
	}
	return version, nil
}

// AtLeast tells whether the version is of the given minor release or a later one.
func (v Version) AtLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

func (v Version) String() string { return v.Raw }
