package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/tell"
)

const root = "../../../.."

func TestPagesAreUpToDate(t *testing.T) {
	known, err := readConstants(root)
	require.NoError(t, err)
	for path, render := range pages {
		want, err := render(known)
		require.NoError(t, err)
		got, err := os.ReadFile(filepath.Join(root, path))
		require.NoError(t, err)
		assert.Equal(t, want, string(got), "%s: run make generate", path)
	}
}

// byVariable are the reasons of events that are given by a variable: those of conditions that turn bad.
var byVariable = map[string]string{"outcome.Reason": "a condition's reason", "verdict.reason": "a condition's reason"}

// Each event that the code writes has a reason that is a constant, and is in the catalog; the catalog has no other.
func TestEveryEventIsInTheCatalog(t *testing.T) {
	known, err := readConstants(root)
	require.NoError(t, err)
	values := map[string]string{}
	for _, constant := range known {
		values["infrav1."+constant.Name] = constant.Value
	}
	documented := map[string]bool{}
	for _, kind := range tell.Catalog() {
		assert.False(t, documented[kind.Reason], "%s is there twice", kind.Reason)
		documented[kind.Reason] = true
	}
	call := regexp.MustCompile(`(?:r\.(?:event|warning)\((?:ctx, )?s, |tell\.Event\([^,]+, [^,]+, [^,]+, )([^,]+),` +
		`|(?:r\.eventAbout|tell\.EventAbout|\}\.Warning)\([^\n]*?(infrav1\.\w+),`)
	written := map[string]bool{}
	files, err := filepath.Glob("../../*/*.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, match := range call.FindAllStringSubmatch(string(text), -1) {
			match[1] += match[2]
			if strings.HasSuffix(file, "_test.go") || byVariable[match[1]] != "" || match[1] == "reason" {
				continue
			}
			value := values[match[1]]
			require.NotEmpty(t, value, "%s: event %s: use a constant of the api module", file, match[1])
			assert.True(t, documented[value], "%s: event %s is missing in tell.Catalog", file, value)
			written[value] = true
		}
	}
	require.Greater(t, len(written), 15)
	for _, constant := range known {
		if constant.Is("Event") {
			assert.True(t, written[constant.Value], "no one writes event %s", constant.Value)
		}
	}
}

func TestMeaningsAreSentences(t *testing.T) {
	known, err := readConstants(root)
	require.NoError(t, err)
	for _, constant := range known {
		if constant.Is("Condition") || constant.Is("Reason") || constant.Is("Event") {
			assert.Regexp(t, `^[A-Z].*\.$`, constant.Meaning, constant.Name)
		}
		assert.NotContains(t, constant.Meaning, "tells that", constant.Name)
	}
}
