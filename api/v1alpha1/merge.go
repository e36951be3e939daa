package v1alpha1

import (
	"maps"
	"reflect"
)

// merge is a three-way merge of JSON values: kept is what an object said, known is what was left of it after a round trip
// through the other version, current is what it says now. Where known lacks something of kept and current is as known,
// no one changed it since, and kept holds. Everywhere else current holds.
func merge(known, kept, current map[string]any) map[string]any {
	merged := maps.Clone(current)
	if merged == nil {
		merged = map[string]any{}
	}
	for field := range union(known, kept) {
		value := mergeValue(known[field], kept[field], current[field])
		if value == nil {
			delete(merged, field)
			continue
		}
		merged[field] = value
	}
	return merged
}

func mergeValue(known, kept, current any) any {
	switch {
	case reflect.DeepEqual(known, kept):
		return current
	case reflect.DeepEqual(known, current):
		return kept
	}
	switch now := current.(type) {
	case map[string]any:
		was, isMap := kept.(map[string]any)
		left, isMapToo := known.(map[string]any)
		if isMap && (isMapToo || known == nil) {
			return merge(left, was, now)
		}
	case []any:
		was, isList := kept.([]any)
		left, isListToo := known.([]any)
		if isList && isListToo && len(was) == len(left) {
			return mergeList(left, was, now)
		}
	}
	return current
}

// mergeList merges lists whose elements correspond in known and kept. An element of current is one of theirs if it is
// unchanged, wherever it is now, or if it has the same name.
func mergeList(known, kept, current []any) []any {
	merged := make([]any, len(current))
	taken := make([]bool, len(known))
	pick := func(matches func(place int) bool) int {
		for place := range known {
			if !taken[place] && matches(place) {
				taken[place] = true
				return place
			}
		}
		return -1
	}
	pending := map[int]bool{}
	for i, element := range current {
		if place := pick(func(place int) bool { return reflect.DeepEqual(known[place], element) }); place >= 0 {
			merged[i] = kept[place]
			continue
		}
		merged[i], pending[i] = element, true
	}
	for i, element := range current {
		if !pending[i] {
			continue
		}
		if place := pick(func(place int) bool { return sameName(known[place], element, place == i && len(known) == len(current)) }); place >= 0 {
			merged[i] = mergeValue(known[place], kept[place], element)
		}
	}
	return merged
}

// sameName tells whether two elements of a list stand for the same thing. Those without a name do if they are in the same
// place.
func sameName(a, b any, samePlace bool) bool {
	one, isMap := a.(map[string]any)
	other, isMapToo := b.(map[string]any)
	if !isMap || !isMapToo {
		return false
	}
	for _, name := range []string{"type", "name", "index"} {
		if one[name] != nil || other[name] != nil {
			return reflect.DeepEqual(one[name], other[name])
		}
	}
	return samePlace
}

func union(a, b map[string]any) map[string]bool {
	fields := map[string]bool{}
	for field := range a {
		fields[field] = true
	}
	for field := range b {
		fields[field] = true
	}
	return fields
}
