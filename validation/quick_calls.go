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
			return library(s, values{value})
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
			return library(s, values{left, right})
		}
	case len(args) > maxArguments:
		return never
	default:
		return func(s *scratch) any {
			var given values
			for i, arg := range args {
				if given[i] = arg(s); isMissing(given[i]) {
					return unknown
				}
			}
			return library(s, given)
		}
	}
}

// values are arguments. They are an array, so that a call whose answer is known takes no memory.
type values [maxArguments]any

const maxArguments = 3

func isMissing(value any) bool { return value == unknown || value == absent }

// question is a call of a library's function: its name and constant arguments, and the one other argument.
type question struct {
	call unique.Handle[string]
	text string
}

// libraryCall calls the function that cel-go would call, on its values. These functions are pure, and many rules ask
// them about the same texts, so that for one object each answer is had once. Answers are not kept any longer: quantities
// change their form when they are compared, and so must not be shared.
func (p *planner) libraryCall(name string, arguments []ast.Expr) func(s *scratch, args values) any {
	call := p.plainCall(name, len(arguments))
	signature, variable, ok := signatureOf(name, arguments)
	if !ok {
		return func(_ *scratch, args values) any { return call(args) }
	}
	handle := unique.Make(signature)
	return func(s *scratch, args values) any {
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

// plainCall calls the function of the library each time, with n arguments.
func (p *planner) plainCall(name string, n int) func(args values) any {
	function := p.function(name)
	if function == nil {
		return func(values) any { return unknown }
	}
	return func(args values) any {
		var first ref.Val
		if n > 0 {
			first = p.adapter.NativeToValue(args[0])
			if function.OperandTrait != 0 && !first.Type().HasTrait(function.OperandTrait) {
				return unknown
			}
		}
		switch {
		case n == 1 && function.Unary != nil:
			return fromCEL(function.Unary(first))
		case n == 2 && function.Binary != nil: //nolint:mnd // a binary function has two
			return fromCEL(function.Binary(first, p.adapter.NativeToValue(args[1])))
		case function.Function != nil:
			all := make([]ref.Val, n)
			for i := range all {
				all[i] = p.adapter.NativeToValue(args[i])
			}
			return fromCEL(function.Function(all...))
		default:
			return unknown
		}
	}
}

// function finds the function of a library that decides by its arguments what to do; nil if there is none that is pure and
// needs all of them. Equality is not a function, but an operator of cel-go's own.
func (p *planner) function(name string) *functions.Overload {
	bindings, err := p.functions[name].Bindings()
	at := slices.IndexFunc(bindings, func(o *functions.Overload) bool { return o.Operator == name })
	if err != nil || at < 0 || bindings[at].NonStrict || name == operators.Equals || name == operators.NotEquals {
		return nil
	}
	return bindings[at]
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
