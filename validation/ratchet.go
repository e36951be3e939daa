package validation

// ratchet turns errors that the object had before the change into warnings: those of the same rule at the same place
// with the same value there. Rules that compare old and new are about the change itself and stay as they are.
func (e *Engine) ratchet(kind string, run *evaluation) {
	before := evaluation{object: run.old, bundle: run.bundle, budget: run.budget, small: run.small}
	for _, rule := range e.kinds[kind] {
		before.apply(rule)
	}
	type key struct{ rule, path string }
	known := map[key]bool{}
	for _, finding := range before.findings {
		known[key{finding.RuleID, finding.Path}] = true
	}
	for i, finding := range run.findings {
		if finding.Severity == Error && known[key{finding.RuleID, finding.Path}] && unchanged(run, finding.Path) {
			run.findings[i].Severity = Warning
		}
	}
}

func unchanged(run *evaluation, path string) bool {
	now, existsNow := lookUp(run.object, path)
	then, existedThen := lookUp(run.old, path)
	return existsNow == existedThen && same(now, then)
}
