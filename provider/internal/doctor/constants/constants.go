// Package constants reads the condition types and the reasons of conditions and events from the source of the api module,
// with the comments that say what they mean. Pages and tests are made from it, so that no constant can be forgotten.
package constants

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Constant is one exported string constant.
type Constant struct {
	// Name ends in Condition, Reason or Event.
	Name, Value string
	// Meaning is its comment, as a sentence.
	Meaning string
	// Conditions are the names of the constants that the comment of its block names.
	Conditions []string
}

// Is tells whether the constant's name ends so.
func (c Constant) Is(suffix string) bool { return strings.HasSuffix(c.Name, suffix) }

// repeated are the constants that repeat Cluster API's, whose values the source does not spell out.
var repeated = map[string]string{
	"ReadyCondition": infrav1.ReadyCondition, "InfrastructureReadyCondition": infrav1.InfrastructureReadyCondition, "DeletingCondition": infrav1.DeletingCondition,
	"ReadyReason": infrav1.ReadyReason, "NotReadyReason": infrav1.NotReadyReason, "ReadyUnknownReason": infrav1.ReadyUnknownReason,
	"PausedReason": infrav1.PausedReason, "NotDeletingReason": infrav1.NotDeletingReason,
}

// Read returns the constants of the files in the api module's directory whose names match, in the order of the source.
func Read(dir, pattern string) ([]Constant, error) {
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("no file matches %s in %s: %w", pattern, dir, err)
	}
	slices.Sort(files)
	var all []Constant
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		for _, declaration := range parsed.Decls {
			block, ok := declaration.(*ast.GenDecl)
			if !ok || block.Tok != token.CONST {
				continue
			}
			some, err := ofBlock(block)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", file, err)
			}
			all = append(all, some...)
		}
	}
	return all, nil
}

var conditionName = regexp.MustCompile(`\w+Condition\b`)

func ofBlock(block *ast.GenDecl) ([]Constant, error) {
	conditions := conditionName.FindAllString(block.Doc.Text(), -1)
	var all []Constant
	for _, spec := range block.Specs {
		value, ok := spec.(*ast.ValueSpec)
		if !ok || len(value.Values) != 1 {
			continue
		}
		one := Constant{Name: value.Names[0].Name, Conditions: conditions}
		literal, spelled := value.Values[0].(*ast.BasicLit)
		var err error
		switch {
		case spelled:
			one.Value, err = strconv.Unquote(literal.Value)
		case repeated[one.Name] != "":
			one.Value = repeated[one.Name]
		default:
			err = fmt.Errorf("constant %s has no literal value: add it to the list in package constants", one.Name)
		}
		if err != nil {
			return nil, err
		}
		one.Meaning = sentence(one.Name, value.Doc.Text())
		all = append(all, one)
	}
	return all, nil
}

// sentence turns a comment such as "VMPausedReason tells that the VM is paused." into what it tells. Names of other constants
// are left to the reader of the source.
func sentence(name, comment string) string {
	text := strings.Join(strings.Fields(comment), " ")
	text = strings.TrimPrefix(text, name+" ")
	for _, verb := range []string{"tells that ", "tells "} {
		text = strings.TrimPrefix(text, verb)
	}
	if text == "" {
		return ""
	}
	runes := []rune(text)
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes)
}
