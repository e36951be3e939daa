package suite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Package is one Go package with tests, and where its source says that it runs.
type Package struct {
	// Module is the directory of its module.
	Module string
	// Name is its directory relative to the repository's root.
	Name string
	// ImportPath is what the go command calls it.
	ImportPath string
	Tier       Tier
	// Race is set where the package starts goroutines of its own: its tests run with the race detector on every change. Not
	// so in conformance, whose other half is upstream's code.
	Race bool
	// Tree is set where a test depends on more than Go packages: programs it starts, or files outside its module. The go
	// command cannot know when the result of such a test is out of date.
	Tree bool
	// Servers is set where a test starts API servers.
	Servers bool
	// Clusters is set where a test starts whole clusters. Such packages run one at a time.
	Clusters bool

	imports []string // of the same module, transitively, by its tests too
}

// withClusters are the modules whose API servers come with more than an API: with their controllers, or a whole cluster.
var withClusters = []string{"internal", "sandbox", "simulator"}

// listed is what `go list -json` says of a package.
type listed struct {
	ImportPath, Dir                              string
	GoFiles, CgoFiles, TestGoFiles, XTestGoFiles []string
	Imports, TestImports, XTestImports           []string
	Error                                        *struct{ Err string }
}

// Describe lists a module's packages with tests and decides by their source where they run.
func Describe(ctx context.Context, root string, module Module) ([]Package, error) {
	all, err := list(ctx, filepath.Join(root, module.Dir))
	if err != nil {
		return nil, fmt.Errorf("listing packages of %s: %w", module.Dir, err)
	}
	known := map[string]*listed{}
	for _, p := range all {
		known[p.ImportPath] = p
	}

	var packages []Package
	for _, p := range all {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		described, err := describe(root, module, p, known)
		if err != nil {
			return nil, err
		}
		packages = append(packages, described)
	}
	return packages, nil
}

func list(ctx context.Context, dir string) ([]*listed, error) {
	command := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,Imports,TestImports,XTestImports,Error", "./...")
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, stderr.String())
	}
	var all []*listed
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		p := &listed{}
		if err := decoder.Decode(p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
}

func describe(root string, module Module, p *listed, known map[string]*listed) (Package, error) {
	relative, err := filepath.Rel(root, p.Dir)
	if err != nil {
		return Package{}, err
	}
	result := Package{Module: module.Dir, Name: filepath.ToSlash(relative), ImportPath: p.ImportPath, Tier: module.tier()}
	if result.Name == "sandbox/e2e" {
		result.Tier = E2E
	}

	own, err := read(p.Dir, p.GoFiles)
	if err != nil {
		return Package{}, err
	}
	tests, err := read(p.Dir, p.TestGoFiles, p.XTestGoFiles)
	if err != nil {
		return Package{}, err
	}
	result.imports = closure(p, known)
	helpers := source{}
	for _, imported := range result.imports {
		other, err := read(known[imported].Dir, known[imported].GoFiles)
		if err != nil {
			return Package{}, err
		}
		helpers.add(other)
	}

	everything := source{}
	everything.add(own, tests, helpers)
	result.Race = own.goroutines && result.Tier != Conformance
	result.Servers = everything.servers
	result.Clusters = everything.servers && slices.Contains(withClusters, module.Dir)
	result.Tree = everything.servers || everything.starts || leaves(filepath.Join(root, module.Dir), everything.paths)
	return result, nil
}

// closure finds what a package and its tests import of their own module.
func closure(p *listed, known map[string]*listed) []string {
	var found []string
	queue := slices.Concat(p.Imports, p.TestImports, p.XTestImports)
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if known[next] == nil || next == p.ImportPath || slices.Contains(found, next) {
			continue
		}
		found = append(found, next)
		queue = append(queue, known[next].Imports...)
	}
	return found
}

// source is what the rules look at in Go files.
type source struct {
	goroutines bool // it starts goroutines
	servers    bool // it starts API servers
	starts     bool // it starts other programs
	paths      []string
}

func (s *source) add(others ...source) {
	for _, other := range others {
		s.goroutines = s.goroutines || other.goroutines
		s.servers = s.servers || other.servers
		s.starts = s.starts || other.starts
		s.paths = append(s.paths, other.paths...)
	}
}

func read(dir string, lists ...[]string) (source, error) {
	var result source
	for _, name := range slices.Concat(lists...) {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return source{}, err
		}
		found, err := inspect(name, text)
		if err != nil {
			return source{}, err
		}
		for i, path := range found.paths {
			if path != ".." && path != "go.work" {
				found.paths[i] = filepath.Join(dir, path)
			}
		}
		result.add(found)
	}
	return result, nil
}

// inspect looks at one Go file. A goroutine starts by a go statement, or by the method Go of a sync.WaitGroup, an
// errgroup.Group and their like.
func inspect(name string, text []byte) (source, error) {
	file, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution)
	if err != nil {
		return source{}, err
	}
	var result source
	for _, spec := range file.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		switch {
		case imported == "os/exec", strings.HasSuffix(imported, "/internal/process"):
			result.starts = true
		case strings.HasSuffix(imported, "/pkg/envtest"), strings.HasSuffix(imported, "/internal/controlplane"):
			result.servers = true
		}
	}

	ast.Inspect(file, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.GoStmt:
			result.goroutines = true
		case *ast.CallExpr:
			if selector, ok := n.Fun.(*ast.SelectorExpr); ok && selector.Sel.Name == "Go" {
				result.goroutines = true
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && outward(text) {
				result.paths = append(result.paths, text)
			}
		}
		return true
	})
	return result, nil
}

// outward tells whether a string may be a path that leads out of its directory, or what a test finds the repository by.
func outward(text string) bool {
	return text == ".." || text == "go.work" || strings.HasPrefix(text, "../")
}

// leaves tells whether one of the paths leads out of the module. A bare "..", and what a test looks for upwards, may.
func leaves(module string, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		if path == ".." || path == "go.work" {
			return true
		}
		relative, err := filepath.Rel(module, path)
		return err != nil || relative == ".." || strings.HasPrefix(relative, "../")
	})
}
