package policy

import (
	"fmt"
	"strings"
)

const everyItem = "[*]"

// condition puts a rule's expression into the terms of a policy, which sees object, oldObject and request. It holds
// where the rule finds nothing: where the object lacks the scope, where the expression is true, and where the object
// before the change had the same fault with the same value already.
func condition(expression, scope, field, root string) string {
	path, item := scope, ""
	if before, after, listed := strings.Cut(scope, everyItem); listed {
		path, item = before, after
	}
	switch {
	case mentions(expression, "oldSelf"):
		return transition(expression, path)
	case path != scope:
		return forItems(expression, path, item, field)
	default:
		return forPlace(expression, path, field, path == root)
	}
}

// forPlace validates one place. A required place that is missing is validated as an empty object.
func forPlace(expression, path, field string, required bool) string {
	check := func(object string) string {
		if required {
			return fmt.Sprintf("[dyn(%s.orValue({}))].all(self, %s)", optional(object, path), expression)
		}
		return fmt.Sprintf("%s.optMap(self, %s).orValue(true)", optional(object, path), expression)
	}
	target := path
	if field != "" {
		target += "." + field
	}
	return fmt.Sprintf("(%s) || (oldObject != null && %s == %s && !(%s))",
		check("object"), optional("object", target), optional("oldObject", target), check("oldObject"))
}

// forItems validates every item of a list. Without the items' places at hand, an item with a fault is let pass where the
// list held an equal one before.
func forItems(expression, path, rest, _ string) string {
	return fmt.Sprintf("%s.orValue([]).all(item, (%s) || (oldObject != null && %s.orValue([]).exists(before, before == item)))",
		optional("object", path), checkItem("item", rest, expression), optional("oldObject", path))
}

// checkItem validates what lies in an item, which may be a list again.
func checkItem(item, rest, expression string) string {
	rest = strings.TrimPrefix(rest, ".")
	list, within, listed := strings.Cut(rest, everyItem)
	switch {
	case rest == "":
		return fmt.Sprintf("[%s].all(self, %s)", item, expression)
	case listed:
		inner := item + "Item"
		return fmt.Sprintf("%s.orValue([]).all(%s, %s)", optional(item, list), inner, checkItem(inner, within, expression))
	default:
		return fmt.Sprintf("%s.optMap(self, %s).orValue(true)", optional(item, rest), expression)
	}
}

// transition validates a change of a place that was there before.
func transition(expression, path string) string {
	return fmt.Sprintf("oldObject == null || %s.optMap(oldSelf, %s.optMap(self, self == oldSelf || (%s)).orValue(true)).orValue(true)",
		optional("oldObject", path), optional("object", path),
		strings.ReplaceAll(expression, "dryRunTopology", "variables.dryRunTopology"))
}

// optional is the value at a path as an optional one.
func optional(object, path string) string { return object + ".?" + strings.ReplaceAll(path, ".", ".?") }

func mentions(expression, word string) bool { return strings.Contains(expression, word) }
