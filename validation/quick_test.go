package validation

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/cel-go/cel"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// careful is the engine with nothing judged quickly.
func careful() *Engine {
	e := *engine()
	e.careful = true
	return &e
}

func TestJudgingQuicklyChangesNothing(t *testing.T) {
	for _, file := range fixtures(t) {
		for _, c := range file.Cases {
			object := merge(base(t, file.Kind), c.Patch)
			var old map[string]any
			if c.Old != nil {
				old = merge(base(t, file.Kind), c.Old)
			}
			assert.Equal(t, c.judge(careful(), object, old), c.judge(engine(), object, old), "%s %s", file.Kind, c.Rule)
		}
	}
}

// A rule must not need cel-go for the objects that satisfy it, or judging quickly is of no use.
func TestSatisfiedRulesAreJudgedQuickly(t *testing.T) {
	for _, file := range fixtures(t) {
		for _, c := range file.Cases {
			object := merge(base(t, file.Kind), c.Patch)
			if len(c.Want) > 0 || c.Bundle != nil || c.Old != nil {
				continue
			}
			run := evaluation{object: withoutNulls(object), small: true}
			run.scratch.object = run.object
			for _, rule := range engine().kinds[file.Kind] {
				if rule.transition || rule.bundled || rule.ID != c.Rule {
					continue
				}
				for _, s := range rule.scopes {
					for _, at := range run.places(s).places {
						assert.True(t, run.isFine(rule, at), "%s of %s at %s", rule.ID, file.Kind, at.path)
					}
				}
			}
		}
	}
}

// odd are values that somebody may write anywhere.
var odd = []any{
	nil, "", "a", "a/b", "a/b/c", "A_b", ".", "image", "storageClass", "dhcp", "pool", "UDP", "0", "10Gi", "-1", "1e3", "4", "172.16.0.1", "172.16.0.300",
	"172.16.0.0/16", "172.16.3.4/16", "fd00::1", "fd00::/64", "255.255.0.0", "255.0.255.0", "é", "\xff", strings.Repeat("x", 70),
	int64(0), int64(1), int64(-1), int64(70_000), int64(1 << 62), 0.0, 1.0, 1.5, true, false,
	[]any{}, []any{nil}, []any{"a", "a"}, []any{"a", int64(1)}, []any{"172.16.0.1"}, map[string]any{}, map[string]any{"name": "a"},
	[]any{map[string]any{"index": int64(0), "gateway": "172.16.0.1", "ipPoolRefs": []any{"a"}}, map[string]any{"index": 1.0}},
	[]any{map[string]any{"volumeType": "image", "bootOrder": int64(2)}, map[string]any{"bootOrder": 2.0}, "x"},
}

// distort puts an odd value, or none, to some place of an object.
func distort(t *rapid.T, value any, fields []string) any {
	switch v := value.(type) {
	case map[string]any:
		changed := merge(v, nil)
		names := slices.Sorted(keysOf(v))
		name := rapid.SampledFrom(append(names, fields...)).Draw(t, "field")
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			delete(changed, name)
		case 1:
			changed[name] = rapid.SampledFrom(odd).Draw(t, "value")
		default:
			changed[name] = distort(t, v[name], fields)
		}
		return changed
	case []any:
		changed := slices.Clone(v)
		if len(changed) == 0 || rapid.Bool().Draw(t, "more") {
			return append(changed, rapid.SampledFrom(odd).Draw(t, "item"))
		}
		i := rapid.IntRange(0, len(changed)-1).Draw(t, "index")
		changed[i] = distort(t, changed[i], fields)
		return changed
	default:
		return rapid.SampledFrom(odd).Draw(t, "value")
	}
}

func keysOf(m map[string]any) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for name := range m {
			if !yield(name) {
				return
			}
		}
	}
}

// Whatever is written where, what is found is the same.
func TestOddObjectsAreJudgedAsCarefully(t *testing.T) {
	fields := map[string][]string{
		"HarvesterMachine": {
			"cpu", "memory", "volumes", "networks", "networkConfig", "vmNetworkConfig", "networkInterfaces", "address", "gateway", "ipPoolRef",
			"ipPoolRefs", "dnsServers", "subnetMask", "bootOrder", "volumeSize", "storageClass", "firmware", "tpm", "sshKeyPair", "index",
		},
		"HarvesterCluster": {
			"vmNetworkConfig", "loadBalancerConfig", "ipPool", "ipPoolRef", "ipPoolRefs", "gateway", "subnet", "subnetMask", "rangeStart",
			"rangeEnd", "listeners", "ipamType", "targetNamespace", "identitySecret", "port", "backendPort", "protocol", "dnsServers",
		},
	}
	cluster := base(t, "HarvesterCluster")
	for kind, names := range fields {
		right := base(t, kind)
		rapid.Check(t, func(t *rapid.T) {
			object := right
			for range rapid.IntRange(1, 6).Draw(t, "changes") {
				object, _ = distort(t, object, names).(map[string]any)
			}
			assert.Equal(t, careful().Validate(object, right, Options{}), engine().Validate(object, right, Options{}))
			bundle := []map[string]any{object, cluster}
			assert.Equal(t, careful().ValidateBundle(bundle), engine().ValidateBundle(bundle))
		})
	}
}

// expressions makes expressions of all that is planned quickly, and some that is not.
func expressions(kind string, depth int) *rapid.Generator[string] {
	again := func(kind string) *rapid.Generator[string] {
		return rapid.Deferred(func() *rapid.Generator[string] { return expressions(kind, depth-1) })
	}
	form := func(format string, kinds ...string) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			parts := make([]any, len(kinds))
			for i, kind := range kinds {
				parts[i] = again(kind).Draw(t, kind)
			}
			return fmt.Sprintf(format, parts...)
		})
	}
	field := rapid.SampledFrom([]string{"self", "self.a", "self.b", "self.c", "self.a.b", "object.b", "v", "w", "self[0]", "self['a']"})
	if depth == 0 {
		switch kind {
		case "bool":
			return rapid.OneOf(rapid.SampledFrom([]string{"true", "false", "has(self.a)", "has(self.a.b)", "has(object.c)", "self.?a.hasValue()"}), field)
		case "int":
			return rapid.OneOf(rapid.SampledFrom([]string{"0", "1", "9223372036854775807", "self.?a.orValue(0)", "self.?b.orValue(1)"}), field)
		case "text":
			return rapid.OneOf(rapid.SampledFrom([]string{"''", "'a'", "'a/b'", "'10.0.0.1'", "self.?a.orValue('')", "self.?b.?c.orValue('a')"}), field)
		case "list":
			return rapid.OneOf(rapid.SampledFrom([]string{"[]", "['a']", "[1, 'a']", "self.?c.orValue([])", "object.?b.orValue(['a'])"}), field)
		case "optional":
			return rapid.SampledFrom([]string{"self.?a", "self.?b.?c", "self.?c[0]", "self[?'a']", "self.?c[?1]", "optional.none()", "optional.of(1)", "optional.of({})"})
		}
	}
	switch kind {
	case "bool":
		return rapid.OneOf(
			form("(%s && %s)", "bool", "bool"), form("(%s || %s)", "bool", "bool"), form("!(%s)", "bool"), form("(%s ? %s : %s)", "bool", "bool", "bool"),
			form("(%s == %s)", "text", "text"), form("(%s != %s)", "int", "int"), form("(%s < %s)", "int", "int"), form("(%s >= %s)", "int", "int"),
			form("(%s in %s)", "text", "list"), form("%s.all(v, %s)", "list", "bool"), form("%s.exists(v, %s)", "list", "bool"),
			form("%s.exists_one(w, %s)", "list", "bool"), form("%s.hasValue()", "optional"), form("%s.optMap(v, %s).orValue(true)", "optional", "bool"),
			form("isIP(%s)", "text"), form("isQuantity(%s)", "text"), form("%s.contains(%s)", "text", "text"), form("%s.matches('a.*')", "text"),
			form("quantity(%s).isGreaterThan(quantity('0'))", "text"), form("(%s == %s)", "list", "list"), form("%s.orValue(%s)", "optional", "bool"),
			form("!format.dns1123Label().validate(%s).hasValue()", "text"),
		)
	case "int":
		return rapid.OneOf(form("size(%s)", "list"), form("size(%s)", "text"), form("(%s + %s)", "int", "int"), form("%s.indexOf(%s)", "list", "text"),
			form("int(%s)", "text"), form("%s.lastIndexOf(%s)", "list", "int"), form("(%s ? %s : %s)", "bool", "int", "int"), form("(%s * %s)", "int", "int"))
	case "text":
		return rapid.OneOf(form("(%s + %s)", "text", "text"), form("string(%s)", "int"), form("dyn(%s)", "text"), form("%s.orValue(%s)", "optional", "text"))
	case "list":
		return rapid.OneOf(form("[%s, %s]", "text", "int"), form("%s.map(v, %s)", "list", "text"), form("%s.filter(w, %s)", "list", "bool"),
			form("%s.split('/')", "text"), form("(%s + %s)", "list", "list"))
	default:
		return rapid.OneOf(form("(%s ? %s : %s)", "bool", "optional", "optional"), expressions("optional", 0))
	}
}

// neverQuicklyWrong makes an expression and holds the tree to cel-go's word on odd values. It counts what the tree is sure
// of.
func neverQuicklyWrong(env environments, sure *atomic.Int64) func(t *rapid.T) {
	values := append(slices.Clone(odd), map[string]any{"a": "a", "b": map[string]any{"c": "a"}, "c": []any{"a", "b", "a"}},
		map[string]any{"a": int64(1), "b": []any{"a/b", "10.0.0.1"}, "c": []any{int64(1), 1.0, "a"}}, map[string]any{"a": map[string]any{"b": true}, "b": "a", "c": "b"})
	return func(t *rapid.T) {
		const depth = 3
		text := expressions("bool", depth).Draw(t, "expression")
		checked, issues := env.counted.Compile(text)
		if issues.Err() != nil {
			// Names that nothing declares.
			checked, issues = env.counted.Compile("['a', 1, self].all(v, [v].all(w, " + text + "))")
		}
		if issues.Err() != nil {
			return
		}
		exact, err := env.plain.Program(checked, cel.EvalOptions(cel.OptOptimize))
		if err != nil {
			return // a constant that cannot be converted
		}
		quick := planQuickly(env, checked)
		for _, self := range values {
			object, _ := self.(map[string]any)
			if !quick.saysYes(&scratch{self: self, object: object}) {
				continue
			}
			sure.Add(1)
			result, _, err := exact.Eval(&activation{self: self, object: object})
			require.NoError(t, err, "%s of %v", text, self)
			require.Equal(t, true, result.Value(), "%s of %v", text, self)
		}
	}
}

// Whatever an expression says: it is not said to be true unless cel-go says so.
func TestNothingIsQuicklyTrueThatIsNotTrue(t *testing.T) {
	env, err := newEnvironments()
	require.NoError(t, err)
	var sure atomic.Int64
	rapid.Check(t, neverQuicklyWrong(env, &sure))
	assert.Positive(t, sure.Load())
}

func FuzzQuick(f *testing.F) {
	env, err := newEnvironments()
	require.NoError(f, err)
	var sure atomic.Int64
	f.Fuzz(rapid.MakeFuzz(neverQuicklyWrong(env, &sure)))
}
