// Package crd writes rules into the schemas of CustomResourceDefinitions, as CEL that the API server evaluates itself.
package crd

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation"
)

const (
	everyItem = "[*]"
	listed    = "x-kubernetes-validations"
)

// ErrNoPlace says that a rule is about a field that the schema does not have.
var ErrNoPlace = errors.New("the schema has no such field")

// Inject adds the rules of a kind to the schema of one version, in place. Rules are added that find errors, look at
// one place of one object only, and are not left out by Rule.NotInSchema.
//
// A rule is placed at its scope and names its field, so that the API server's answer has the webhook's path, and its
// message is the webhook's. A field that a change leaves alone is let pass: whether it was wrong before is for the
// webhook to tell. A list without keys that is changed is validated whole.
func Inject(rules []validation.Rule, kind string, schema map[string]any) error {
	for _, rule := range rules {
		if !CanSay(rule) {
			continue
		}
		for _, target := range rule.Targets {
			if target.Kind != kind || target.Severity != validation.Error {
				continue
			}
			for _, scope := range target.Scopes {
				if err := add(rule, scope, schema); err != nil {
					return fmt.Errorf("rule %s at %s of %s: %w", rule.ID, scope, kind, err)
				}
			}
		}
	}
	return nil
}

// CanSay tells whether CEL in a schema can say the rule, for kinds where it finds an error. It cannot see other
// objects, the request, nor, below the root, the object's metadata.
func CanSay(rule validation.Rule) bool {
	if rule.NotInSchema != "" {
		return false
	}
	for _, scope := range rule.Scopes {
		if scope == "metadata" || strings.HasPrefix(scope, "metadata.") {
			return false
		}
	}
	return !slices.ContainsFunc([]string{"bundle.", "object.", "dryRunTopology"}, func(word string) bool {
		return strings.Contains(rule.Expression, word)
	})
}

func add(rule validation.Rule, scope string, schema map[string]any) error {
	node, err := find(schema, scope)
	if err != nil {
		return err
	}
	suffix := "; " + rule.Remediation + " [" + rule.ID + "]"
	check := map[string]any{"rule": rule.Expression, "message": rule.Message + suffix}
	if rule.MessageExpression != "" {
		check["messageExpression"] = rule.MessageExpression + " + " + quote(suffix)
	}
	if rule.Field != "" {
		if _, err := find(node, rule.Field); err != nil {
			return err
		}
		check["fieldPath"] = "." + rule.Field
	}
	if rule.Field != "" && !strings.Contains(rule.Expression, "oldSelf") && !strings.Contains(scope, everyItem) {
		check["rule"] = ratcheted(rule)
		check["optionalOldSelf"] = true
	}
	checks, _ := node[listed].([]any)
	node[listed] = append(checks, check)
	return nil
}

// ratcheted lets a field pass that a change leaves alone. The API server does so by itself only where the whole scope is
// left alone.
func ratcheted(rule validation.Rule) string {
	field, _, _ := strings.Cut(rule.Field, ".")
	now, then := "self."+field, "oldSelf.value()."+field
	return fmt.Sprintf("(%s) || (oldSelf.hasValue() && has(%s) == has(%s) && (!has(%s) || %s == %s))",
		rule.Expression, now, then, now, now, then)
}

// find descends to a scope such as "spec.volumes[*]".
func find(schema map[string]any, scope string) (map[string]any, error) {
	node := schema
	for step := range strings.SplitSeq(scope, ".") {
		name, lists := step, strings.Count(step, everyItem)
		name = name[:len(name)-lists*len(everyItem)]
		properties, _ := node["properties"].(map[string]any)
		next, ok := properties[name].(map[string]any)
		for ; ok && lists > 0; lists-- {
			next, ok = next["items"].(map[string]any)
		}
		if !ok {
			return nil, fmt.Errorf("%w: %s", ErrNoPlace, step)
		}
		node = next
	}
	return node, nil
}

// quote writes a CEL string.
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
