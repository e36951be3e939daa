package validation

import (
	"fmt"
	"strings"
	"sync"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/validation/internal/parallel"
)

// Names that expressions see.
const (
	varSelf           = "self"
	varOldSelf        = "oldSelf"
	varDryRunTopology = "dryRunTopology"
	varObject         = "object"
	varBundle         = "bundle"
)

// oldestKubernetes is the Kubernetes release whose CEL the rules keep to, so that they could also run inside an API
// server of that release or newer (1.31 brought the format library).
var oldestKubernetes = version.MajorMinor(1, 31)

// compiledRule is a rule with its programs, which are made when they are first needed and are safe for concurrent use.
type compiledRule struct {
	Rule
	condition func() (program, error)
	wording   func() (program, error) // nil when the message is fixed
	// transition is true when the rule compares with the object before the change.
	transition bool
	// bundled is true when the rule looks at other objects.
	bundled bool
}

// program is one expression in two forms, which are made when they are first needed: one that counts its cost, and one
// that does not, for small objects.
type program struct {
	counted, plain func() (cel.Program, error)
}

// environments are what expressions are checked and planned in.
type environments struct {
	counted, plain *cel.Env
}

func newEnvironments() (environments, error) {
	counted, err := celEnvironment()
	if err != nil {
		return environments{}, err
	}
	plain, err := uncountedEnvironment()
	if err != nil {
		return environments{}, err
	}
	return environments{counted: counted, plain: plain}, nil
}

// celEnvironment is Kubernetes' own: its libraries, its cost of each function and its limit per expression.
func celEnvironment() (*cel.Env, error) {
	extended, err := environment.MustBaseEnvSet(oldestKubernetes).Extend(environment.VersionedOptions{
		IntroducedVersion: oldestKubernetes,
		EnvOptions: []cel.EnvOption{
			cel.Variable(varSelf, cel.DynType),
			cel.Variable(varOldSelf, cel.DynType),
			cel.Variable(varDryRunTopology, cel.BoolType),
			cel.Variable(varObject, cel.DynType),
			cel.Variable(varBundle, cel.DynType),
		},
	})
	if err != nil {
		return nil, fmt.Errorf("make the CEL environment: %w", err)
	}
	return extended.NewExpressionsEnv(), nil
}

// compileAll compiles all programs, side by side. The error is that of the first rule that has one.
func compileAll(rules []*compiledRule) error {
	failures := make([]error, len(rules))
	parallel.ForEach(len(rules), func(i int) { failures[i] = rules[i].compile() })
	for _, err := range failures {
		if err != nil {
			return err
		}
	}
	return nil
}

// compile makes the programs now. Once it succeeded they cannot fail to be there.
func (r *compiledRule) compile() error {
	for _, expression := range []func() (program, error){r.condition, r.wording} {
		if expression == nil {
			continue
		}
		compiled, err := expression()
		if err != nil {
			return err
		}
		if _, err := compiled.plain(); err != nil {
			return fmt.Errorf("%w: rule %s: %w", ErrInvalidRules, r.ID, err)
		}
	}
	return nil
}

// newRule prepares a rule. What it mentions is read off the text; compiling finds out if that was wrong.
func newRule(env environments, rule Rule) (*compiledRule, error) {
	compiled := &compiledRule{
		Rule: rule, transition: mentioned(rule.Expression, varOldSelf), bundled: mentioned(rule.Expression, varBundle),
	}
	if compiled.transition && strings.Contains(strings.Join(rule.Scopes, " "), everyItem) {
		return nil, fmt.Errorf("%w: rule %s: oldSelf cannot be told for items of a list", ErrInvalidRules, rule.ID)
	}
	compiled.condition = sync.OnceValues(func() (program, error) {
		compiledProgram, mentions, err := compileExpression(env, rule.Expression, cel.BoolType)
		if err != nil {
			return program{}, fmt.Errorf("%w: rule %s: expression: %w", ErrInvalidRules, rule.ID, err)
		}
		if mentions[varOldSelf] != compiled.transition || mentions[varBundle] != compiled.bundled {
			return program{}, fmt.Errorf("%w: rule %s: oldSelf or bundle stands in a text only", ErrInvalidRules, rule.ID)
		}
		return compiledProgram, nil
	})
	if rule.MessageExpression == "" {
		return compiled, nil
	}
	compiled.wording = sync.OnceValues(func() (program, error) {
		compiledProgram, mentions, err := compileExpression(env, rule.MessageExpression, cel.StringType)
		if err != nil {
			return program{}, fmt.Errorf("%w: rule %s: messageExpression: %w", ErrInvalidRules, rule.ID, err)
		}
		if mentions[varOldSelf] && !compiled.transition || mentions[varBundle] && !compiled.bundled {
			return program{}, fmt.Errorf("%w: rule %s: only messageExpression mentions oldSelf or bundle", ErrInvalidRules, rule.ID)
		}
		return compiledProgram, nil
	})
	return compiled, nil
}

// mentioned tells whether a name stands in an expression as a word.
func mentioned(expression, name string) bool {
	word := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
	}
	for rest, from := expression, 0; ; {
		at := strings.Index(rest, name)
		if at < 0 {
			return false
		}
		begin, end := from+at, from+at+len(name)
		if (begin == 0 || !word(expression[begin-1]) && expression[begin-1] != '.') && (end == len(expression) || !word(expression[end])) {
			return true
		}
		rest, from = expression[end:], end
	}
}

// compileExpression also tells which variables the expression mentions.
func compileExpression(env environments, expression string, want *cel.Type) (program, map[string]bool, error) {
	ast, issues := env.counted.Compile(expression)
	if err := issues.Err(); err != nil {
		return program{}, nil, err
	}
	if !ast.OutputType().IsExactType(want) {
		return program{}, nil, fmt.Errorf("it yields %s, not %s", ast.OutputType(), want)
	}
	counted := sync.OnceValues(func() (cel.Program, error) { return env.counted.Program(ast) })
	plain := sync.OnceValues(func() (cel.Program, error) { return env.plain.Program(ast, cel.EvalOptions(cel.OptOptimize)) })
	mentions := map[string]bool{}
	for _, reference := range ast.NativeRep().ReferenceMap() {
		mentions[reference.Name] = true
	}
	return program{counted: counted, plain: plain}, mentions, nil
}
