package suite

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestModulesOfTheRepository(t *testing.T) {
	modules, err := Modules(filepath.Join("..", "..", ".."))
	require.NoError(t, err)
	var dirs []string
	for _, module := range modules {
		dirs = append(dirs, module.Dir)
	}
	assert.Subset(t, dirs, []string{"api", "api/test", "conformance/harvestertypes", "hack/checks", "provider", "sandbox", "validation/bench"})
	assert.NotContains(t, dirs, "hack/tools/lint")
	assert.NotContains(t, dirs, "sandbox/programs/rke2")
}

func TestRestrict(t *testing.T) {
	modules := []Module{
		{Dir: "api"}, {Dir: "api/test"}, {Dir: "apiary"}, {Dir: "ipam"}, {Dir: "hack/checks"},
		{Dir: "conformance/types", Siblings: []string{"api"}}, {Dir: "sandbox", Siblings: []string{"api"}},
	}
	for name, c := range map[string]struct{ names, want []string }{
		"all":                        {nil, []string{"api", "api/test", "apiary", "ipam", "hack/checks", "conformance/types", "sandbox"}},
		"nested and its conformance": {[]string{"api"}, []string{"api", "api/test", "conformance/types"}},
		"alone":                      {[]string{"ipam"}, []string{"ipam"}},
		"two":                        {[]string{"ipam", "hack/checks"}, []string{"ipam", "hack/checks"}},
	} {
		t.Run(name, func(t *testing.T) {
			kept, err := Restrict(modules, c.names)
			require.NoError(t, err)
			var dirs []string
			for _, module := range kept {
				dirs = append(dirs, module.Dir)
			}
			assert.Equal(t, c.want, dirs)
		})
	}

	_, err := Restrict(modules, []string{"ipma"})
	assert.ErrorContains(t, err, `"ipma"`)
}

func TestInspect(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want source
	}{
		"nothing":    {"package a\nfunc f() {}", source{}},
		"go":         {"package a\nfunc f() { go f() }", source{goroutines: true}},
		"a group":    {"package a\nimport \"sync\"\nvar w sync.WaitGroup\nfunc f() { w.Go(f) }", source{goroutines: true}},
		"a program":  {"package a\nimport _ \"os/exec\"", source{starts: true}},
		"a server":   {"package a\nimport _ \"sigs.k8s.io/controller-runtime/pkg/envtest\"", source{servers: true}},
		"paths":      {"package a\nvar s = []string{\"../config\", \"a/../b\", \"go.work\", \"..\"}", source{paths: []string{"../config", "go.work", ".."}}},
		"in comment": {"package a\n// go f(), \"../x\"\n", source{}},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := inspect("a.go", []byte(c.text))
			require.NoError(t, err)
			assert.Equal(t, c.want, found)
		})
	}
}

func TestLeaves(t *testing.T) {
	assert.False(t, leaves("/r/m", nil))
	assert.False(t, leaves("/r/m", []string{"/r/m/testdata", "/r/m/..data"}))
	assert.True(t, leaves("/r/m", []string{"/r/m/a", "/r/config"}))
	assert.True(t, leaves("/r/m", []string{".."}))
	assert.True(t, leaves("/r/m", []string{"go.work"}))
}

// The rules on a module as small as can be: what the tests of a package reach by a helper counts as theirs.
func TestDescribe(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, "m", name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	write("go.mod", "module example.org/m\n\ngo 1.26.0\n")
	write("plain/plain.go", "package plain\n")
	write("plain/plain_test.go", "package plain\n")
	write("busy/busy.go", "package busy\nfunc F() { go F() }\n")
	write("busy/busy_test.go", "package busy\n")
	write("helper/helper.go", "package helper\nimport _ \"os/exec\"\n")
	write("helped/helped.go", "package helped\n")
	write("helped/helped_test.go", "package helped_test\nimport _ \"example.org/m/helper\"\n")
	write("untested/untested.go", "package untested\n")
	t.Setenv("GOWORK", "off")

	packages, err := Describe(t.Context(), root, Module{Dir: "m", Path: "example.org/m"})

	require.NoError(t, err)
	require.Len(t, packages, 3)
	assert.Equal(t, Package{Module: "m", Name: "m/busy", ImportPath: "example.org/m/busy", Tier: Unit, Race: true}, packages[0])
	assert.Equal(t, Package{Module: "m", Name: "m/helped", ImportPath: "example.org/m/helped", Tier: Unit, Tree: true, imports: []string{"example.org/m/helper"}}, packages[1])
	assert.Equal(t, Package{Module: "m", Name: "m/plain", ImportPath: "example.org/m/plain", Tier: Unit}, packages[2])

	touched := func(changed ...string) []string {
		var names []string
		for _, p := range Touched(packages, changed) {
			names = append(names, p.Name)
		}
		return names
	}
	assert.Equal(t, []string{"m/helped"}, touched("m/helper/helper.go"), "who imports it is touched")
	assert.Equal(t, []string{"m/plain"}, touched("m/plain/testdata/deep/a.yaml"))
	assert.Empty(t, touched("docs/a.md", "m/untested/untested.go"))
}

func TestPlan(t *testing.T) {
	packages := []Package{
		{Module: "m", Name: "m/a", ImportPath: "x/m/a", Tier: Unit},
		{Module: "m", Name: "m/b", ImportPath: "x/m/b", Tier: Unit},
		{Module: "m", Name: "m/busy", ImportPath: "x/m/busy", Tier: Unit, Race: true},
		{Module: "m", Name: "m/tree", ImportPath: "x/m/tree", Tier: Unit, Tree: true},
		{Module: "sandbox", Name: "sandbox/guest", ImportPath: "x/sandbox/guest", Tier: Unit, Tree: true, Clusters: true},
		{Module: "sandbox", Name: "sandbox/e2e", ImportPath: "x/sandbox/e2e", Tier: E2E, Tree: true, Clusters: true},
		{Module: "conformance/c", Name: "conformance/c", ImportPath: "x/c", Tier: Conformance},
	}
	vetted := map[string]bool{"m": true, "sandbox": true}
	const skip = "-skip=^(TestOutagesHealByThemselves)$"

	assert.Equal(t, []Job{
		{Module: "sandbox", Packages: []string{"x/sandbox/e2e"}, Alone: true, Args: []string{"-timeout=45m", "-vet=off", "-v", skip, "-exec=env CAPHV_TREE=abc"}},
		{Module: "sandbox", Packages: []string{"x/sandbox/guest"}, Alone: true, Args: []string{"-timeout=45m", "-vet=off", "-exec=env CAPHV_TREE=abc"}},
		{Module: "m", Packages: []string{"x/m/a", "x/m/b"}, Args: []string{"-timeout=20m", "-vet=off"}},
		{Module: "m", Packages: []string{"x/m/busy"}, Race: true, Args: []string{"-timeout=20m", "-vet=off", "-race"}},
		{Module: "m", Packages: []string{"x/m/tree"}, Args: []string{"-timeout=20m", "-vet=off", "-exec=env CAPHV_TREE=abc"}},
		{Module: "conformance/c", Packages: []string{"x/c"}, Args: []string{"-timeout=45m"}},
	}, Plan(packages, vetted, Options{Tree: "abc"}))

	fresh := Plan(packages, vetted, Options{Tree: "abc", Fresh: true, Tiers: []Tier{E2E}})
	require.Len(t, fresh, 1)
	assert.Contains(t, fresh[0].Args, "-count=1")

	for _, job := range Plan(packages, vetted, Options{Long: true, Tree: "abc"}) {
		assert.Equal(t, job.Module != "conformance/c", job.Race, job.Module)
		assert.Contains(t, job.Args, "-shuffle=on")
		assert.NotContains(t, job.Args, skip, "nothing is left out of the long tier")
	}
}

// A test that is left out of `make test` exists, so that the list cannot outlive a name.
func TestLongTestsExist(t *testing.T) {
	for name, tests := range LongTests {
		files, err := filepath.Glob(filepath.Join("..", "..", "..", name, "*_test.go"))
		require.NoError(t, err)
		require.NotEmpty(t, files, name)
		var all bytes.Buffer
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			all.Write(text)
		}
		for _, test := range tests {
			assert.Contains(t, all.String(), "\nfunc "+test+"(t *testing.T)", name)
		}
	}
}

func TestParseLine(t *testing.T) {
	for line, want := range map[string]Result{
		"ok  \texample.org/m/a\t1.234s\n":               {Package: "example.org/m/a", Took: 1234 * time.Millisecond},
		"ok  \texample.org/m/a\t(cached)\n":             {Package: "example.org/m/a", Cached: true},
		"FAIL\texample.org/m/a\t2.500s\n":               {Package: "example.org/m/a", Took: 2500 * time.Millisecond, Failed: true},
		"FAIL\texample.org/m/a [build failed]\n":        {Package: "example.org/m/a", Failed: true},
		"?   \texample.org/m/a\t[no test files]\n":      {},
		"ok  \texample.org/m/a\t1.0s [no tests to run]": {Package: "example.org/m/a", Took: time.Second},
	} {
		found, ends := ParseLine(line)
		assert.True(t, ends, line)
		assert.Equal(t, want, found, line)
	}
	for _, line := range []string{"FAIL\n", "--- FAIL: TestX (0.00s)\n", "    ok  \tx", "=== RUN   TestX\n", ""} {
		_, ends := ParseLine(line)
		assert.False(t, ends, line)
	}
}

func TestReportFailsOverBudgetOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "budgets.txt")
	require.NoError(t, os.WriteFile(file, []byte("# comment\nm/slow 300 # why\nm/quick 5\n"), 0o600))
	budgets, err := ReadBudgets(file)
	require.NoError(t, err)
	assert.Equal(t, floor, budgets.Of("m/quick"), "no budget is below the floor")
	packages := []Package{{Name: "m/slow", ImportPath: "x/m/slow", Tier: Unit}, {Name: "m/quick", ImportPath: "x/m/quick", Tier: E2E}}

	var out bytes.Buffer
	require.NoError(t, Report(&out, packages, []Result{{Package: "x/m/slow", Took: 299 * time.Second}, {Package: "x/m/quick", Cached: true}}, budgets))
	assert.Contains(t, out.String(), "299.0 s of  300 s  m/slow")
	assert.Contains(t, out.String(), "1 packages, 1 of them cached")

	err = Report(&out, packages, []Result{{Package: "x/m/slow", Took: 301 * time.Second}, {Package: "x/m/quick", Took: 59 * time.Second}}, budgets)
	require.ErrorIs(t, err, ErrOverBudget)
	assert.ErrorContains(t, err, "m/slow took 301 s")
	assert.NotContains(t, err.Error(), "m/quick")

	require.NoError(t, os.WriteFile(file, []byte("m/slow\n"), 0o600))
	_, err = ReadBudgets(file)
	assert.ErrorContains(t, err, "budgets.txt:1")
}
