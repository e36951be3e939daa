package validation

import (
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

//go:embed rules/*.yaml
var embeddedRules embed.FS

// ErrInvalidRules says that the rule files contradict themselves or do not compile.
var ErrInvalidRules = errors.New("invalid validation rules")

var ruleID = regexp.MustCompile(`^[A-Z]{2,3}[0-9]{3}$`)

// catalog is all rules, and what belongs to their kinds.
type catalog struct {
	rules []Rule // sorted by ID
	roots map[string]string
	// foreign are the kinds of other groups.
	foreign map[string]foreignKind
	project []projection
}

type foreignKind struct {
	group    string
	versions []string
}

// loadCatalog reads every rule file and spreads rules to the kinds that include them.
func loadCatalog(files fs.FS) (*catalog, error) {
	byKind, err := readRuleFiles(files)
	if err != nil {
		return nil, err
	}
	loaded := &catalog{roots: map[string]string{}, foreign: map[string]foreignKind{}}
	for _, file := range byKind {
		loaded.roots[file.Kind] = file.Root
		if file.Group != "" {
			loaded.foreign[file.Kind] = foreignKind{group: file.Group, versions: file.Versions}
		}
		loaded.project = append(loaded.project, file.Project...)
		for _, rule := range file.Rules {
			if err := rule.check(); err != nil {
				return nil, fmt.Errorf("%w: rule %s of %s: %w", ErrInvalidRules, rule.ID, file.Kind, err)
			}
			rule.Targets = targets(rule, file, byKind)
			loaded.rules = append(loaded.rules, rule)
		}
	}
	slices.SortFunc(loaded.rules, func(a, b Rule) int { return cmp.Compare(a.ID, b.ID) })
	for i := 1; i < len(loaded.rules); i++ {
		if loaded.rules[i].ID == loaded.rules[i-1].ID {
			return nil, fmt.Errorf("%w: rule id %s is used twice", ErrInvalidRules, loaded.rules[i].ID)
		}
	}
	return loaded, nil
}

// readRuleFiles returns the files in the order of their names.
func readRuleFiles(files fs.FS) ([]ruleFile, error) {
	names, err := fs.Glob(files, "rules/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalidRules, err)
	}
	var all []ruleFile
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrInvalidRules, err)
		}
		var file ruleFile
		if err := yaml.UnmarshalStrict(data, &file); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrInvalidRules, name, err)
		}
		all = append(all, file)
	}
	return all, nil
}

// targets lists the rule's own kind first, then the kinds that include it. Rules about a change are not included: a
// template has one rule of its own for all changes, with the exemption that Cluster API needs.
func targets(rule Rule, owner ruleFile, all []ruleFile) []Target {
	list := []Target{{Kind: owner.Kind, Scopes: rule.Scopes, Severity: rule.Severity}}
	if strings.Contains(rule.Expression, varOldSelf) {
		return list
	}
	for _, file := range all {
		for _, include := range file.Include {
			if include.Kind != owner.Kind {
				continue
			}
			if scopes := include.translate(rule.Scopes); len(scopes) > 0 {
				list = append(list, Target{Kind: file.Kind, Scopes: scopes, Severity: cmp.Or(rule.TemplateSeverity, rule.Severity)})
			}
		}
	}
	return list
}

// translate moves scopes from the included kind to where it lies in the including one.
func (i inclusion) translate(scopes []string) []string {
	var moved []string
	for _, s := range scopes {
		if rest, ok := strings.CutPrefix(s, i.From); ok && (rest == "" || rest[0] == '.' || rest[0] == '[') {
			moved = append(moved, i.At+rest)
		}
	}
	return moved
}

// check finds what would make a rule useless to the people who read it. Expressions are checked when they compile.
func (r Rule) check() error {
	switch {
	case !ruleID.MatchString(r.ID):
		return fmt.Errorf("the id must be two or three capitals and three digits")
	case !r.Severity.valid():
		return fmt.Errorf("unknown severity %q", r.Severity)
	case r.TemplateSeverity != "" && !r.TemplateSeverity.valid():
		return fmt.Errorf("unknown templateSeverity %q", r.TemplateSeverity)
	case len(r.Scopes) == 0:
		return fmt.Errorf("scopes are missing")
	case r.Expression == "":
		return fmt.Errorf("the expression is missing")
	case r.Title == "" || r.Message == "" || r.Remediation == "" || r.Since == "":
		return fmt.Errorf("title, message, remediation and since must be set")
	}
	for _, text := range r.Scopes {
		if _, err := parseScope(text); err != nil {
			return err
		}
	}
	return nil
}
