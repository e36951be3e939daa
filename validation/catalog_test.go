package validation

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const soundRule = `
- id: XX001
  title: t
  severity: error
  scopes: [spec]
  expression: self.a == 1
  message: m
  remediation: r
  since: v0.1.0
`

func TestRuleFilesThatCannotWorkAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ from, to, says string }{
		"bad id":            {"XX001", "first", "three digits"},
		"unknown severity":  {"severity: error", "severity: fatal", "unknown severity"},
		"no scope":          {"scopes: [spec]", "scopes: []", "scopes are missing"},
		"odd scope":         {"scopes: [spec]", `scopes: ["spec[0]"]`, "not a field name"},
		"no expression":     {"expression: self.a == 1", "expression: ''", "expression is missing"},
		"no message":        {"message: m", "message: ''", "must be set"},
		"unknown field":     {"title: t", "titel: t", "unknown field"},
		"does not parse":    {"self.a == 1", "self.a ==", "Syntax error"},
		"not a condition":   {"self.a == 1", "size('yes')", "not bool"},
		"unknown variable":  {"self.a == 1", "that == 1", "undeclared"},
		"bad wording":       {"message: m", "message: m\n  messageExpression: '1'", "not string"},
		"old for items":     {"scopes: [spec]\n  expression: self.a == 1", "scopes: ['spec[*]']\n  expression: self == oldSelf", "items of a list"},
		"old in words only": {"message: m", "message: m\n  messageExpression: string(oldSelf)", "only messageExpression"},
		"used twice":        {soundRule, soundRule + soundRule, "used twice"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, soundRule, c.from)
			_, err := engineFrom("kind: X\nroot: spec\nrules:" + strings.Replace(soundRule, c.from, c.to, 1))
			require.ErrorIs(t, err, ErrInvalidRules)
			assert.ErrorContains(t, err, c.says)
		})
	}
	_, err := engineFrom("kind: X\nroot: spec\nrules:" + soundRule)
	require.NoError(t, err)
}

func engineFrom(file string) (*Engine, error) {
	loaded, err := loadCatalog(fstest.MapFS{"rules/x.yaml": {Data: []byte(file)}})
	if err != nil {
		return nil, err
	}
	return newEngine(loaded)
}

func TestReleasedRulesReadWell(t *testing.T) {
	for _, rule := range engine().Rules() {
		assert.True(t, strings.HasSuffix(rule.Remediation, "."), "%s: a remediation is a sentence", rule.ID)
		assert.False(t, strings.HasSuffix(rule.Message, "."), "%s: a message follows a path and is no sentence", rule.ID)
		assert.NotEmpty(t, rule.Targets, rule.ID)
	}
}
