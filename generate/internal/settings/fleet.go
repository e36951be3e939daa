package settings

import (
	"fmt"
	"path"
	"regexp"
	"strings"
)

// scpPattern is the form of a Git repository that ssh takes, such as git@example.org:team/addons.git.
var scpPattern = regexp.MustCompile(`^([A-Za-z0-9_.-]+@)?[A-Za-z0-9.-]+:[^/\s][^\s]*$`)

func gitRepository(value string) string {
	if webAddress(value, "https", "http", "ssh", "git") == "" {
		return ""
	}
	if strings.Contains(value, "://") {
		if rest, found := strings.CutPrefix(value, "ssh://"); found && strings.Contains(rest, "@") && !strings.ContainsAny(value, " \t") {
			return ""
		}
	} else if scpPattern.MatchString(value) {
		return ""
	}
	return "is not a Git repository, such as https://git.example/team/addons or git@git.example:team/addons.git; " +
		"credentials belong into a Secret that Fleet is told of"
}

// branchPattern leaves out what git check-ref-format refuses and what a shell would trip over.
var branchPattern = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_./+@#-]*$`)

func fleetBranch(s Settings) string {
	switch {
	case s.FleetAddonBranch == "":
		return ""
	case !s.Fleet():
		return "is read with --fleet-addon-repo only: add that or leave it out"
	case !branchPattern.MatchString(s.FleetAddonBranch) || strings.Contains(s.FleetAddonBranch, "..") || strings.HasSuffix(s.FleetAddonBranch, "/"):
		return fmt.Sprintf("%q is not the name of a branch, such as main", s.FleetAddonBranch)
	}
	return ""
}

func fleetPaths(s Settings) string {
	if len(s.FleetAddonPaths) > 0 && !s.Fleet() {
		return "is read with --fleet-addon-repo only: add that or leave it out"
	}
	return distinct(s.FleetAddonPaths, func(value string) string {
		if value == "" || path.IsAbs(value) || strings.Contains("/"+value+"/", "/../") {
			return fmt.Sprintf("%q is not a directory within the repository, such as addons/harvester", value)
		}
		return ""
	})
}

// fleetWarnings name the flags whose addon is the repository's.
func (s Settings) fleetWarnings() []Problem {
	if !s.Fleet() {
		return nil
	}
	defaults := Defaults()
	var warnings []Problem
	for _, given := range []struct {
		flag string
		set  bool
	}{
		{"cni-mtu", s.CNIMTU != 0},
		{"cni-encapsulation", s.CNIEncapsulation != defaults.CNIEncapsulation},
		{"cni-bgp", s.CNIBGP},
		{"cni-values", s.CNIValues != ""},
		{"chart-repository", s.ChartRepository != defaults.ChartRepository},
	} {
		if given.set {
			warnings = append(warnings, Problem{given.flag, "is not read: the addons and their values come from --fleet-addon-repo"})
		}
	}
	return warnings
}
