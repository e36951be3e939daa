package validation

import (
	"fmt"
	"strings"

	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/cel/environment"
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

// compiledRule is a rule with its programs. The programs are safe for concurrent use.
type compiledRule struct {
	Rule
	condition cel.Program
	wording   cel.Program // nil when the message is fixed
	// transition is true when the rule compares with the object before the change.
	transition bool
	// bundled is true when the rule looks at other objects.
	bundled bool
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

func compileRule(env *cel.Env, rule Rule) (*compiledRule, error) {
	condition, mentions, err := compileExpression(env, rule.Expression, cel.BoolType)
	if err != nil {
		return nil, fmt.Errorf("%w: rule %s: expression: %w", ErrInvalidRules, rule.ID, err)
	}
	compiled := &compiledRule{
		Rule: rule, condition: condition, transition: mentions[varOldSelf], bundled: mentions[varBundle],
	}
	if compiled.transition && strings.Contains(strings.Join(rule.Scopes, " "), everyItem) {
		return nil, fmt.Errorf("%w: rule %s: oldSelf cannot be told for items of a list", ErrInvalidRules, rule.ID)
	}
	if rule.MessageExpression == "" {
		return compiled, nil
	}
	compiled.wording, mentions, err = compileExpression(env, rule.MessageExpression, cel.StringType)
	if err != nil {
		return nil, fmt.Errorf("%w: rule %s: messageExpression: %w", ErrInvalidRules, rule.ID, err)
	}
	if mentions[varOldSelf] && !compiled.transition || mentions[varBundle] && !compiled.bundled {
		return nil, fmt.Errorf("%w: rule %s: only messageExpression mentions oldSelf or bundle", ErrInvalidRules, rule.ID)
	}
	return compiled, nil
}

// compileExpression also tells which variables the expression mentions.
func compileExpression(env *cel.Env, expression string, want *cel.Type) (cel.Program, map[string]bool, error) {
	ast, issues := env.Compile(expression)
	if err := issues.Err(); err != nil {
		return nil, nil, err
	}
	if !ast.OutputType().IsExactType(want) {
		return nil, nil, fmt.Errorf("it yields %s, not %s", ast.OutputType(), want)
	}
	program, err := env.Program(ast)
	if err != nil {
		return nil, nil, err
	}
	mentions := map[string]bool{}
	for _, reference := range ast.NativeRep().ReferenceMap() {
		mentions[reference.Name] = true
	}
	return program, mentions, nil
}
