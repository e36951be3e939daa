package validation

import (
	"github.com/google/cel-go/cel"
	"github.com/google/cel-go/common/ast"
	"github.com/google/cel-go/common/decls"
	"github.com/google/cel-go/common/types"
	"github.com/google/cel-go/common/types/ref"
)

// Most objects satisfy most rules, and cel-go takes most of its time for what has little to do with the rule: it wraps
// each value that an expression touches, and looks each name up through a chain of scopes. So a checked expression is
// also planned as a tree of functions on the values as JSON decodes them. That tree only ever says yes. Whatever it
// does not know surely (an error, values of different types, a function that is not here) is unknown, and unknown and
// no are for cel-go to decide, whose word is the only one that a finding comes from. Tests hold the one to the other.

// node is a planned expression. It returns a value as JSON decodes it, a ref.Val of a library's own type, absent for an
// optional without a value, or unknown.
type node func(s *scratch) any

// scratch holds the variables of evaluations on one object, by one goroutine.
type scratch struct {
	self   any
	object map[string]any
	bundle map[string]any
	locals [maxLocals]any
	// answers of libraries' functions about this object.
	answers map[question]any
}

// maxLocals is how many variables comprehensions within each other may have; an expression with more is unknown.
const maxLocals = 12

type (
	unknownType struct{}
	absentType  struct{}
)

var (
	unknown any = unknownType{}
	absent  any = absentType{}
)

func never(*scratch) any { return unknown }

// planner plans one checked expression.
type planner struct {
	ast       *ast.AST
	functions map[string]*decls.FunctionDecl
	adapter   types.Adapter
	// locals are the names of the variables of comprehensions, by their places in scratch.
	locals []string
}

// planQuickly plans a checked expression. Parts that it cannot plan are unknown.
func planQuickly(env environments, checked *cel.Ast) node {
	p := &planner{ast: checked.NativeRep(), functions: env.functions, adapter: env.plain.CELTypeAdapter()}
	return p.plan(p.ast.Expr())
}

// saysYes tells that an expression is true. False means that cel-go must be asked.
func (n node) saysYes(s *scratch) (yes bool) {
	// A library's function may panic at odd values; cel-go makes an error of that, which is for it to tell.
	defer func() {
		if recover() != nil {
			yes = false
		}
	}()
	return n(s) == true
}

func (p *planner) plan(e ast.Expr) node {
	switch e.Kind() {
	case ast.LiteralKind:
		return constant(fromCEL(e.AsLiteral()))
	case ast.IdentKind:
		return p.variable(e.AsIdent())
	case ast.SelectKind:
		return p.selection(e.AsSelect())
	case ast.CallKind:
		return p.call(e.AsCall())
	case ast.ListKind:
		return p.list(e.AsList())
	case ast.MapKind:
		if e.AsMap().Size() > 0 {
			return never
		}
		return constant(map[string]any{})
	case ast.ComprehensionKind:
		return p.comprehension(e.AsComprehension())
	default:
		return never
	}
}

func constant(value any) node { return func(*scratch) any { return value } }

func (p *planner) variable(name string) node {
	for slot := len(p.locals) - 1; slot >= 0; slot-- {
		if p.locals[slot] == name {
			return func(s *scratch) any { return s.locals[slot] }
		}
	}
	switch name {
	case varSelf:
		return func(s *scratch) any { return s.self }
	case varObject:
		return func(s *scratch) any { return s.object }
	case varBundle:
		return func(s *scratch) any { return s.bundle }
	default:
		return never
	}
}

// optional tells whether an expression yields an optional value. Types of those are always known.
func (p *planner) optional(e ast.Expr) bool {
	t := p.ast.GetType(e.ID())
	return t.Kind() == types.OpaqueKind && t.TypeName() == types.OptionalType.TypeName()
}

func (p *planner) selection(e ast.SelectExpr) node {
	operand, field, optional := p.plan(e.Operand()), e.FieldName(), p.optional(e.Operand())
	switch {
	case e.IsTestOnly() && optional:
		return never
	case e.IsTestOnly():
		return func(s *scratch) any {
			fields, ok := operand(s).(map[string]any)
			if !ok {
				return unknown
			}
			_, ok = fields[field]
			return ok
		}
	default:
		return at(operand, constant(field), optional)
	}
}

// at is a field of an object or an item of a list. Where it is missing, an optional one is absent.
func at(container, key node, optional bool) node {
	missing := unknown
	if optional {
		missing = absent
	}
	return func(s *scratch) any {
		value := container(s)
		if value == absent {
			return missing
		}
		found, ok := item(value, key(s))
		switch {
		case !ok, found == nil:
			return unknown
		case found == absent:
			return missing
		default:
			return found
		}
	}
}

// item looks a key up. It has no answer for keys that do not fit.
func item(container, key any) (any, bool) {
	switch c := container.(type) {
	case map[string]any:
		if name, ok := key.(string); ok {
			if value, ok := c[name]; ok {
				return value, true
			}
			return absent, true
		}
	case []any:
		if index, ok := key.(int64); ok {
			if index >= 0 && index < int64(len(c)) {
				return c[index], true
			}
			return absent, true
		}
	}
	return nil, false
}

func (p *planner) list(e ast.ListExpr) node {
	if len(e.OptionalIndices()) > 0 {
		return never
	}
	var items []node
	for _, element := range e.Elements() {
		if p.optional(element) {
			return never
		}
		items = append(items, p.plan(element))
	}
	return func(s *scratch) any {
		values := make([]any, len(items))
		for i, planned := range items {
			if values[i] = planned(s); values[i] == unknown {
				return unknown
			}
		}
		return values
	}
}

// comprehension plans what the macros all, exists, exists_one, map, filter and optMap stand for.
func (p *planner) comprehension(e ast.ComprehensionExpr) node {
	if e.HasIterVar2() || len(p.locals)+2 > maxLocals {
		return never
	}
	items, initial := p.plan(e.IterRange()), p.plan(e.AccuInit())
	result, each := len(p.locals), len(p.locals)+1
	p.locals = append(p.locals, e.AccuVar())
	final := p.plan(e.Result())
	p.locals = append(p.locals, e.IterVar())
	goesOn, step := p.plan(e.LoopCondition()), p.plan(e.LoopStep())
	p.locals = p.locals[:result]
	return func(s *scratch) any {
		list, ok := items(s).([]any)
		if !ok {
			return unknown
		}
		s.locals[result] = initial(s)
		for _, value := range list {
			s.locals[each] = value
			goes := goesOn(s)
			if goes == false {
				break
			}
			if goes != true {
				return unknown
			}
			s.locals[result] = step(s)
		}
		return final(s)
	}
}

// fromCEL turns what a library's function returns into a value of JSON where it has one.
func fromCEL(value ref.Val) any {
	switch v := value.(type) {
	case types.Bool:
		return bool(v)
	case types.String:
		return string(v)
	case types.Int:
		return int64(v)
	case types.Double:
		return float64(v)
	case *types.Optional:
		if !v.HasValue() {
			return absent
		}
		return fromCEL(v.GetValue())
	case *types.Err, *types.Unknown, nil:
		return unknown
	default:
		return value
	}
}
