package lint

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/manifest"
)

// placeholder is what clusterctl, envsubst, Flux and Helm replace before a manifest is applied. Scripts hold such words
// too, and scripts have several lines, see placeholderIn.
var placeholder = regexp.MustCompile(`\$\{[A-Za-z_][A-Za-z0-9_]*([:=/^,#%-][^}]*)?\}|\{\{[^}]*\}\}`)

// unrendered returns the first placeholder in an object, in the order of the paths, and the path of the value that
// holds it. Nearly no object has one, so that a look for how one begins saves most of the time.
func unrendered(object map[string]any) (text, path string) {
	if !mayHoldPlaceholder(object) {
		return "", ""
	}
	return placeholderIn(object, "")
}

// mayHoldPlaceholder tells whether a text in value has what a placeholder begins with.
func mayHoldPlaceholder(value any) bool {
	switch v := value.(type) {
	case string:
		return strings.Contains(v, "${") || strings.Contains(v, "{{")
	case []any:
		return slices.ContainsFunc(v, mayHoldPlaceholder)
	case map[string]any:
		for name, field := range v {
			if mayHoldPlaceholder(name) || mayHoldPlaceholder(field) {
				return true
			}
		}
	}
	return false
}

func placeholderIn(value any, path string) (string, string) {
	switch v := value.(type) {
	case string:
		if !strings.Contains(v, "\n") {
			return placeholder.FindString(v), path
		}
	case []any:
		for i, item := range v {
			if text, at := placeholderIn(item, path+"["+strconv.Itoa(i)+"]"); text != "" {
				return text, at
			}
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			at := strings.TrimPrefix(path+"."+name, ".")
			if text := placeholder.FindString(name); text != "" {
				return text, path
			}
			if text, found := placeholderIn(v[name], at); text != "" {
				return text, found
			}
		}
	}
	return "", ""
}

// skipUnrendered reports a file with templates once, at its first placeholder.
func (r *Report) skipUnrendered(object manifest.Object, text, path string) {
	r.Skipped++
	at := manifest.NewLocator(object).Find(path)
	reason := "holds " + text + ": render it first"
	for i, file := range r.SkippedFiles {
		if file.Source != object.Source || !file.Unrendered {
			continue
		}
		if at.Line < file.Line {
			r.SkippedFiles[i].Position, r.SkippedFiles[i].Reason = at, reason
		}
		return
	}
	r.SkippedFiles = append(r.SkippedFiles, SkippedFile{Source: object.Source, Position: at, Reason: reason, Unrendered: true})
}
