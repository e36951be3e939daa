package manager

import (
	"runtime/debug"
)

// version and revision are set by the linker in a release (-X).
var (
	version  string
	revision string
)

// Version is the release that this build is, or what the Go toolchain knows of it.
func Version() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}

// Revision is the commit of this build, or what the Go toolchain knows of it.
func Revision() string {
	if revision != "" {
		return revision
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				return setting.Value
			}
		}
	}
	return "unknown"
}

// userAgent names the manager to API servers.
func userAgent() string { return "caphv/" + Version() }
