package phase_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/ipam"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/provider/internal/phase"
)

// The table must know every typed error of every library, also one that is added later.
func TestTableIsTotal(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	packages := map[string]string{
		"phase": ".", "harvesterclient": filepath.Join(root, "harvesterclient"), "ipam": filepath.Join(root, "ipam"),
		"cloudinit": filepath.Join(root, "cloudinit"), "etcdops": filepath.Join(root, "etcdops"),
	}
	known := map[string]bool{}
	for _, rule := range phase.Rules {
		assert.False(t, known[rule.Name], "%s is there twice", rule.Name)
		known[rule.Name] = true
	}
	for name, folder := range packages {
		declared := sentinels(t, folder)
		require.NotEmpty(t, declared, "no sentinel error found in %s", folder)
		for _, sentinel := range declared {
			assert.True(t, known[name+"."+sentinel], "%s.%s is in no rule", name, sentinel)
			delete(known, name+"."+sentinel)
		}
	}
	assert.Empty(t, known, "rules for errors that do not exist")
}

// sentinels are the exported package variables of a folder whose names begin with Err.
func sentinels(t *testing.T, folder string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	require.NoError(t, err)
	var found []string
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			variables, ok := declaration.(*ast.GenDecl)
			if !ok || variables.Tok != token.VAR {
				continue
			}
			for _, spec := range variables.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					if strings.HasPrefix(name.Name, "Err") {
						found = append(found, name.Name)
					}
				}
			}
		}
	}
	return found
}

// An empty or ill-formed reason makes the API server refuse the whole status.
func TestReasonsAreWellFormed(t *testing.T) {
	form := regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	for _, rule := range phase.Rules {
		reason, retry := phase.Explain(fmt.Errorf("wrapped: %w", rule.Err), "Fallback")
		assert.Regexp(t, form, reason, rule.Name)
		assert.NotEmpty(t, retry, rule.Name)
		if rule.Always {
			assert.NotEmpty(t, rule.Reason, "%s cannot win with no reason", rule.Name)
		}
	}
}

func TestExplain(t *testing.T) {
	pools := func(reasons ...error) error {
		failure := &ipam.AllocationError{Owner: "o"}
		for i, reason := range reasons {
			failure.Pools = append(failure.Pools, ipam.PoolError{Pool: fmt.Sprint("pool-", i), Err: reason})
		}
		return failure
	}
	for name, test := range map[string]struct {
		err    error
		reason string
		retry  phase.Retry
	}{
		"unknown":                        {errors.New("boom"), "Fallback", phase.RetryBackoff},
		"said by the phase":              {phase.Because("Said", errors.New("boom")), "Said", phase.RetryBackoff},
		"said, with a known retry":       {phase.Because("Said", harvesterclient.ErrNotFound), "Said", phase.RetryLater},
		"connection wins over the phase": {phase.Because("Said", harvesterclient.ErrUnauthorized), infrav1.CredentialsRejectedReason, phase.RetryLater},
		"full pools":                     {pools(ipam.ErrExhausted, ipam.ErrExhausted), infrav1.PoolExhaustedReason, phase.RetryOnEvent},
		"a full and a missing pool":      {pools(ipam.ErrPoolNotFound, ipam.ErrExhausted), infrav1.PoolExhaustedReason, phase.RetryOnEvent},
		"missing pools":                  {pools(ipam.ErrPoolNotFound), infrav1.PoolNotFoundReason, phase.RetryOnEvent},
		"other networks":                 {pools(ipam.ErrNoEligiblePool), infrav1.PoolMismatchReason, phase.RetryOnEvent},
		"name is taken":                  {fmt.Errorf("%w: VM x", phase.ErrForeign), "Fallback", phase.RetryLater},
	} {
		t.Run(name, func(t *testing.T) {
			reason, retry := phase.Explain(test.err, "Fallback")
			assert.Equal(t, test.reason, reason)
			assert.Equal(t, test.retry, retry)
		})
	}
}
