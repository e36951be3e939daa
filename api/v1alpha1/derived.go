package v1alpha1

import (
	"maps"
	"reflect"

	"k8s.io/apimachinery/pkg/util/json"
)

// dropDerived takes those fields out of dst that its source never had: kept, the content of DataAnnotation, names them
// with null. A round trip derives them from other fields. One that has another value than the derived one by now was set
// since, and stays.
func dropDerived[S, H any, PS object[S]](dst PS, kept string, convert pair[S, H]) error {
	absent := map[string]any{}
	if json.Unmarshal([]byte(kept), &absent) != nil {
		return nil //nolint:nilerr // take left it in place
	}
	for part, value := range absent {
		fields, _ := value.(map[string]any)
		for field, value := range fields {
			if value != nil {
				continue
			}
			if err := dropField(dst, part, field, convert); err != nil {
				return err
			}
		}
	}
	return nil
}

func dropField[S, H any, PS object[S]](dst PS, part, field string, convert pair[S, H]) error {
	whole, err := content(dst)
	if err != nil {
		return err
	}
	was, _ := whole[part].(map[string]any)
	if was[field] == nil {
		return nil
	}

	shorter := maps.Clone(was)
	delete(shorter, field)
	text, err := json.Marshal(map[string]any{part: shorter})
	if err != nil {
		return err
	}
	without := PS(new(S))
	if err := json.Unmarshal(text, without); err != nil {
		return err
	}
	hub := new(H)
	convert.up((*S)(without), hub)
	convert.derives(hub)
	derived, err := content(downOf(convert, hub))
	if err != nil {
		return err
	}
	if again, _ := derived[part].(map[string]any); !reflect.DeepEqual(again[field], was[field]) {
		return nil
	}

	return replaceContent(dst, whole, part, shorter)
}

// replaceContent gives one part of an object another value.
func replaceContent[S any, PS object[S]](dst PS, whole map[string]any, part string, value map[string]any) error {
	whole[part] = value
	text, err := json.Marshal(whole)
	if err != nil {
		return err
	}
	replaced := PS(new(S))
	if err := json.Unmarshal(text, replaced); err != nil {
		return err
	}
	copyMetadata(dst, replaced)
	replaced.GetObjectKind().SetGroupVersionKind(dst.GetObjectKind().GroupVersionKind())
	*dst = *replaced
	return nil
}
