package validation

import "github.com/google/cel-go/common/operators"

// operations are the functions and operators that need not evaluate all their arguments, or that know optional values.
var operations = map[string]func([]node) node{
	operators.LogicalAnd:       func(args []node) node { return junction(args, false) },
	operators.LogicalOr:        func(args []node) node { return junction(args, true) },
	operators.Conditional:      conditional,
	operators.NotStrictlyFalse: notStrictlyFalse,
	operators.Index:            func(args []node) node { return at(args[0], args[1], false) },
	operators.OptSelect:        func(args []node) node { return at(args[0], args[1], true) },
	operators.OptIndex:         func(args []node) node { return at(args[0], args[1], true) },
	"orValue":                  orValue,
	"hasValue":                 hasValue,
	"value":                    func(args []node) node { return known(args[0]) },
	"optional.of":              func(args []node) node { return known(args[0]) },
	"optional.none":            func([]node) node { return constant(absent) },
}

// takesOptional tells of operations whose first argument may be optional whether it must be.
var takesOptional = map[string]bool{
	operators.OptSelect: false, operators.OptIndex: false, operators.Index: false, "orValue": true, "hasValue": true, "value": true,
}

// junction is "and" where decisive is false, and "or" where it is true: one decisive term decides, whatever the others
// are, errors included.
func junction(terms []node, decisive bool) node {
	return func(s *scratch) any {
		var result any = !decisive
		for _, term := range terms {
			switch value, ok := term(s).(bool); {
			case !ok:
				result = unknown
			case value == decisive:
				return decisive
			}
		}
		return result
	}
}

// notStrictlyFalse goes on where the value so far is unknown: a later term may decide.
func notStrictlyFalse(args []node) node {
	return func(s *scratch) any { return args[0](s) != false }
}

func conditional(args []node) node {
	return func(s *scratch) any {
		switch args[0](s) {
		case true:
			return args[1](s)
		case false:
			return args[2](s)
		default:
			return unknown
		}
	}
}

func orValue(args []node) node {
	return func(s *scratch) any {
		if value := args[0](s); value != absent {
			return value
		}
		return args[1](s)
	}
}

func hasValue(args []node) node {
	return func(s *scratch) any {
		switch args[0](s) {
		case unknown:
			return unknown
		case absent:
			return false
		default:
			return true
		}
	}
}

// known is a value that is there, or unknown.
func known(of node) node {
	return func(s *scratch) any {
		if value := of(s); value != absent {
			return value
		}
		return unknown
	}
}
