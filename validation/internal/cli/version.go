package cli

import "runtime/debug"

// VersionOf returns the version that the linker was told, or else that of the module the program was built from, or
// "unknown".
func VersionOf(linked string, readBuildInfo func() (*debug.BuildInfo, bool)) string {
	if linked != "" {
		return linked
	}
	if info, ok := readBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "unknown"
}
