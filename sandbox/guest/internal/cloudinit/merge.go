package cloudinit

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// defaultMerge is how cloud-init merges parts that do not say how.
const defaultMerge = "dict(replace)+list()+str()"

// yamlLine finds the only part of a YAML error that is safe to repeat.
var yamlLine = regexp.MustCompile(`line \d+`)

// mergePart merges one cloud-config into what earlier parts said. The part's
// own merge_how wins over the MIME header's.
func mergePart(into map[string]any, text []byte, how string) error {
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		where := yamlLine.FindString(err.Error())
		if where == "" {
			where = "unknown line"
		}
		return fmt.Errorf("%w: not a YAML mapping (%s)", ErrMalformed, where)
	}
	for _, key := range []string{"merge_how", "merge_type"} {
		if own, found := config[key]; found {
			how = mergeText(own)
			delete(config, key)
		}
	}
	if how == "" {
		how = defaultMerge
	}
	maps.Copy(into, parseMerger(how).mappings(into, config))
	return nil
}

// mergeText gives both spellings of merge_how one form: the short text, or a
// list of name and settings.
func mergeText(value any) string {
	if short := text(value); short != "" {
		return short
	}
	var strategies []string
	for _, entry := range list(value) {
		fields := mapping(entry)
		strategies = append(strategies, fmt.Sprintf("%s(%s)", text(fields["name"]), strings.Join(texts(fields["settings"]), ",")))
	}
	return strings.Join(strategies, "+")
}

// merger merges two values as cloud-init's mergers of the same names do. Each
// field holds the options of one kind of value; nil means that this kind is
// taken over from the later part.
type merger struct {
	dict, list, str []string
}

var strategy = regexp.MustCompile(`(dict|list|str)\(([a-z_, ]*)\)`)

func parseMerger(how string) merger {
	var m merger
	for _, match := range strategy.FindAllStringSubmatch(how, -1) {
		options := strings.FieldsFunc(match[2], func(r rune) bool { return r == ',' || r == ' ' })
		options = slices.Insert(options, 0, "given")
		switch match[1] {
		case "dict":
			m.dict = options
		case "list":
			m.list = options
		case "str":
			m.str = options
		}
	}
	return m
}

func (m merger) merge(old, later any) any {
	switch typed := later.(type) {
	case map[string]any:
		if before, same := old.(map[string]any); same && m.dict != nil {
			return m.mappings(before, typed)
		}
	case []any:
		if before, same := old.([]any); same && m.list != nil {
			return m.lists(before, typed)
		}
	case string:
		if before, same := old.(string); same && slices.Contains(m.str, "append") {
			return before + typed
		}
	}
	return later
}

// mappings merges key by key. Without 'replace' an earlier value stays, unless
// the options say to go into values of its kind.
func (m merger) mappings(old, later map[string]any) map[string]any {
	merged := maps.Clone(old)
	for key, value := range later {
		before, exists := merged[key]
		switch {
		case !exists || slices.Contains(m.dict, "replace"):
			merged[key] = value
		case mapping(value) != nil || recurses(m.dict, value):
			// A mapping goes into mappings without being told to.
			merged[key] = m.merge(before, value)
		}
	}
	return merged
}

// lists joins two lists, or replaces item by item.
func (m merger) lists(old, later []any) []any {
	switch {
	case slices.Contains(m.list, "append"):
		return slices.Concat(old, later)
	case slices.Contains(m.list, "prepend"):
		return slices.Concat(later, old)
	}
	merged := slices.Clone(old)
	if slices.Contains(m.list, "no_replace") {
		return merged
	}
	for i := range min(len(old), len(later)) {
		if recurses(m.list, later[i]) {
			merged[i] = m.merge(old[i], later[i])
		} else {
			merged[i] = later[i]
		}
	}
	return merged
}

// recurses tells whether the options of a container go into such a value.
func recurses(options []string, value any) bool {
	switch value.(type) {
	case map[string]any:
		return slices.Contains(options, "recurse_dict")
	case []any:
		return slices.Contains(options, "recurse_list") || slices.Contains(options, "recurse_array")
	case string:
		return slices.Contains(options, "recurse_str")
	default:
		return false
	}
}
