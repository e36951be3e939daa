package schema

import (
	"regexp"
	"slices"
	"unicode/utf8"

	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation"
)

// node is a part of a schema in a form that is quick to compare with. It says yes only to what surely fits; all else
// is for the API server's own code.
type node struct {
	// odd is true for a schema that asks for what is not looked at here.
	odd        bool
	kind       string
	anything   bool
	intOrText  bool
	fields     map[string]*node
	others     *node
	items      *node
	required   []string
	enum       []any
	pattern    *regexp.Regexp
	minLength  int
	maxLength  int
	minItems   int
	maxItems   int
	minimum    *float64
	maximum    *float64
	mapKeys    []string
	listMustBe string
}

const unlimited = int(^uint(0) >> 1)

func newNode(s *structuralschema.Structural) *node {
	if s == nil {
		return nil
	}
	n := &node{
		kind: s.Type, anything: s.XPreserveUnknownFields, intOrText: s.XIntOrString, items: newNode(s.Items),
		maxLength: unlimited, maxItems: unlimited, mapKeys: s.XListMapKeys, fields: map[string]*node{},
	}
	if s.XListType != nil && *s.XListType != "atomic" {
		n.listMustBe = *s.XListType
	}
	for name, property := range s.Properties {
		n.fields[name] = newNode(&property)
	}
	if s.AdditionalProperties != nil {
		n.others = newNode(s.AdditionalProperties.Structural)
		n.odd = s.AdditionalProperties.Structural == nil
	}
	n.odd = n.odd || s.XEmbeddedResource || s.Type == "" && !s.XIntOrString && !s.XPreserveUnknownFields
	n.addValues(s.ValueValidation)
	return n
}

// addValues takes what is asked of the value over.
func (n *node) addValues(v *structuralschema.ValueValidation) {
	if v == nil {
		return
	}
	n.required = v.Required
	n.minimum, n.maximum = v.Minimum, v.Maximum
	for limit, given := range map[*int]*int64{&n.minLength: v.MinLength, &n.maxLength: v.MaxLength, &n.minItems: v.MinItems, &n.maxItems: v.MaxItems} {
		if given != nil {
			*limit = int(*given)
		}
	}
	for _, allowed := range v.Enum {
		n.enum = append(n.enum, allowed.Object)
	}
	if v.Pattern != "" {
		pattern, err := regexp.Compile(v.Pattern)
		n.pattern, n.odd = pattern, n.odd || err != nil
	}
	// An integer or a string is said by anyOf, too.
	alternatives := len(v.AllOf)+len(v.OneOf) > 0 || len(v.AnyOf) > 0 && !n.intOrText
	n.odd = n.odd || alternatives || v.Not != nil || v.Format != "" && n.kind != "integer" || v.ExclusiveMaximum || v.ExclusiveMinimum ||
		v.MultipleOf != nil || v.UniqueItems || v.MaxProperties != nil || v.MinProperties != nil
}

// fits tells that the API server has nothing against a whole object. False means that it must be asked.
func (n *node) fits(object map[string]any) bool {
	if n.odd || !plainMetadata(object["metadata"]) {
		return false
	}
	for name, value := range object {
		switch name {
		case "apiVersion", "kind", "metadata":
		default:
			if !n.holdsField(name, value) {
				return false
			}
		}
	}
	return n.hasRequired(object)
}

func (n *node) hasRequired(object map[string]any) bool {
	for _, name := range n.required {
		if _, ok := object[name]; !ok {
			return false
		}
	}
	return true
}

func (n *node) holds(value any) bool {
	if n.odd {
		return false
	}
	if n.anything && n.kind == "" && value != nil {
		return true
	}
	switch v := value.(type) {
	case map[string]any:
		return n.kind == "object" && n.holdsFields(v)
	case []any:
		return n.kind == "array" && n.holdsItems(v)
	case string:
		return (n.kind == "string" || n.intOrText) && n.holdsText(v)
	case int64:
		return (n.kind == "integer" || n.intOrText) && n.holdsNumber(v)
	case bool:
		return n.kind == "boolean" && n.enum == nil
	default:
		return false
	}
}

func (n *node) holdsFields(object map[string]any) bool {
	for name, value := range object {
		if !n.holdsField(name, value) {
			return false
		}
	}
	return n.enum == nil && n.hasRequired(object)
}

func (n *node) holdsField(name string, value any) bool {
	property := n.fields[name]
	if property == nil {
		property = n.others
	}
	if property == nil {
		return n.anything
	}
	return property.holds(value)
}

func (n *node) holdsItems(items []any) bool {
	if n.items == nil || len(items) < n.minItems || len(items) > n.maxItems || n.enum != nil {
		return false
	}
	for _, item := range items {
		if !n.items.holds(item) {
			return false
		}
	}
	// Items that must differ are compared here only where there is nothing to compare.
	return n.listMustBe == "" || len(items) < 2
}

func (n *node) holdsText(text string) bool {
	if n.minLength > 0 || n.maxLength < unlimited {
		if length := utf8.RuneCountInString(text); length < n.minLength || length > n.maxLength {
			return false
		}
	}
	return (n.enum == nil || slices.Contains(n.enum, any(text))) && (n.pattern == nil || n.pattern.MatchString(text))
}

func (n *node) holdsNumber(number int64) bool {
	const exact = 1 << 31
	if number >= exact || number < -exact || n.enum != nil {
		return false
	}
	return (n.minimum == nil || float64(number) >= *n.minimum) && (n.maximum == nil || float64(number) <= *n.maximum)
}

// plainMetadata tells that metadata holds a name, a namespace, labels and annotations, all of them sound.
func plainMetadata(value any) bool {
	metadata, ok := value.(map[string]any)
	if !ok {
		return false
	}
	name, _ := metadata["name"].(string)
	if len(metavalidation.NameIsDNSSubdomain(name, false)) > 0 {
		return false
	}
	for field, content := range metadata {
		switch field {
		case "name":
		case "namespace":
			if text, ok := content.(string); !ok || len(validation.IsDNS1123Label(text)) > 0 {
				return false
			}
		case "labels":
			if !pairs(content, func(key, text string) bool {
				return len(validation.IsQualifiedName(key))+len(validation.IsValidLabelValue(text)) == 0
			}) {
				return false
			}
		case "annotations":
			const small = 4096
			if !pairs(content, func(key, text string) bool { return len(text) < small && len(validation.IsQualifiedName(key)) == 0 }) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func pairs(value any, sound func(key, text string) bool) bool {
	const few = 32
	entries, ok := value.(map[string]any)
	if !ok || len(entries) > few {
		return false
	}
	for key, content := range entries {
		if text, ok := content.(string); !ok || !sound(key, text) {
			return false
		}
	}
	return true
}
