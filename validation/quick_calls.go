package validation

import (
	"fmt"
	"regexp"
	"slices"
	"unique"

	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/functions"
	"github.com/google/cel-go/common/operators"
	"github.com/google/cel-go/common/types/ref"
)

func (p *planner) call(e ast.CallExpr) node {
	name, arguments := e.FunctionName(), e.Args()
	if e.IsMemberFunction() {
		arguments = append([]ast.Expr{e.Target()}, arguments...)
	}
	if !p.fits(name, arguments) {
		return never
	}
	args := make([]node, len(arguments))
	for i, argument := range arguments {
		args[i] = p.plan(argument)
	}
	if name == operators.Index && p.optional(arguments[0]) {
		name = operators.OptIndex
	}
	if operation, ok := operations[name]; ok {
		return operation(args)
	}
	if pattern, ok := patternOf(name, arguments); ok {
		return matches(args[0], pattern)
	}
	return p.strictCall(name, args, arguments)
}

// fits tells whether optional values stand only where operations know them.
func (p *planner) fits(name string, arguments []ast.Expr) bool {
	for i, argument := range arguments {
		may, must := p.optional(argument), false
		if i == 0 {
			must = takesOptional[name]
		}
		if must && !may {
			return false
		}
		if _, known := takesOptional[name]; may && name != operators.Conditional && (i > 0 || !known) {
			return false
		}
	}
	return true
}

// strictCall is a call that has no value unless all its arguments have. What a function of ours does not know, the
// library's may.
func (p *planner) strictCall(name string, args []node, arguments []ast.Expr) node {
	library := p.libraryCall(name, arguments)
	switch {
	case len(args) == 1 && unary[name] != nil:
		own, a := unary[name], args[0]
		return func(s *scratch) any {
			value := a(s)
			if result := own(value); result != unknown || isMissing(value) {
				return result
			}
			return library(s, []any{value})
		}
	case len(args) == 2 && binary[name] != nil:
		own, a, b := binary[name], args[0], args[1]
		return func(s *scratch) any {
			left, right := a(s), b(s)
			if isMissing(left) || isMissing(right) {
				return unknown
			}
			if result := own(left, right); result != unknown {
				return result
			}
			return library(s, []any{left, right})
		}
	default:
		return func(s *scratch) any {
			values := make([]any, len(args))
			for i, arg := range args {
				if values[i] = arg(s); isMissing(values[i]) {
					return unknown
				}
			}
			return library(s, values)
		}
	}
}

func isMissing(value any) bool { return value == unknown || value == absent }

// question is a call of a library's function: its name and constant arguments, and the one other argument.
type question struct {
	call unique.Handle[string]
	text string
}

// libraryCall calls the function that cel-go would call, on its values. These functions are pure, and many rules ask
// them about the same texts, so that for one object each answer is had once. Answers are not kept any longer: quantities
// change their form when they are compared, and so must not be shared.
func (p *planner) libraryCall(name string, arguments []ast.Expr) func(s *scratch, args []any) any {
	call := p.plainCall(name)
	signature, variable, ok := signatureOf(name, arguments)
	if !ok {
		return func(_ *scratch, args []any) any { return call(args) }
	}
	handle := unique.Make(signature)
	return func(s *scratch, args []any) any {
		asked := question{call: handle}
		if variable >= 0 {
			text, ok := args[variable].(string)
			if !ok {
				return call(args)
			}
			asked.text = text
		}
		if answer, ok := s.answers[asked]; ok {
			return answer
		}
		if s.answers == nil {
			s.answers = map[question]any{}
		}
		answer := call(args)
		s.answers[asked] = answer
		return answer
	}
}

// signatureOf tells calls apart that differ in more than one text, and which argument that is; -1 stands for none. Calls
// with several arguments that are no constants have no signature.
func signatureOf(name string, arguments []ast.Expr) (signature string, variable int, ok bool) {
	signature, variable = name, -1
	for i, argument := range arguments {
		text := "_"
		switch {
		case argument.Kind() == ast.LiteralKind:
			text = fmt.Sprintf("%T %q", argument.AsLiteral(), fmt.Sprint(argument.AsLiteral().Value()))
		case argument.Kind() == ast.CallKind && !argument.AsCall().IsMemberFunction() && len(argument.AsCall().Args()) == 0:
			text = argument.AsCall().FunctionName() + "()"
		case variable >= 0:
			return "", 0, false
		default:
			variable = i
		}
		signature += " " + text
	}
	return signature, variable, true
}

// plainCall calls the function of the library each time.
func (p *planner) plainCall(name string) func(args []any) any {
	bindings, err := p.functions[name].Bindings()
	at := slices.IndexFunc(bindings, func(o *functions.Overload) bool { return o.Operator == name })
	if err != nil || at < 0 || bindings[at].NonStrict || name == operators.Equals || name == operators.NotEquals {
		return func([]any) any { return unknown }
	}
	function := bindings[at]
	return func(args []any) any {
		values := make([]ref.Val, len(args))
		for i, arg := range args {
			values[i] = p.adapter.NativeToValue(arg)
		}
		if len(values) > 0 && function.OperandTrait != 0 && !values[0].Type().HasTrait(function.OperandTrait) {
			return unknown
		}
		return fromCEL(invoke(function, values))
	}
}

func invoke(function *functions.Overload, args []ref.Val) ref.Val {
	switch {
	case len(args) == 1 && function.Unary != nil:
		return function.Unary(args[0])
	case len(args) == 2 && function.Binary != nil:
		return function.Binary(args[0], args[1])
	case function.Function != nil:
		return function.Function(args...)
	default:
		return nil
	}
}

// patternOf returns the regular expression of a call of matches, if it is a constant.
func patternOf(name string, arguments []ast.Expr) (*regexp.Regexp, bool) {
	if name != "matches" || len(arguments) != 2 || arguments[1].Kind() != ast.LiteralKind {
		return nil, false
	}
	text, ok := fromCEL(arguments[1].AsLiteral()).(string)
	if !ok {
		return nil, false
	}
	pattern, err := regexp.Compile(text)
	return pattern, err == nil
}

func matches(text node, pattern *regexp.Regexp) node {
	return func(s *scratch) any {
		if t, ok := text(s).(string); ok {
			return pattern.MatchString(t)
		}
		return unknown
	}
}
