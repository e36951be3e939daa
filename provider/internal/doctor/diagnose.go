package doctor

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/utils/ptr"

	infrav1 "github.com/rancher-sandbox/cluster-api-provider-harvester/api/v1beta1"
)

// Diagnose says what keeps the cluster, or the machine that was asked about, from being ready, the first cause first. It is
// pure. An empty result means that it is ready and that nothing needs attention.
func Diagnose(s *Snapshot) []Finding {
	d := &diagnosis{snapshot: s, answers: Answers(), own: ownAnswers()}
	d.manager()
	d.cluster()
	d.pools()
	for i := range s.Machines {
		d.machine(&s.Machines[i])
	}
	d.core()
	d.relate()
	sortFindings(d.findings)
	return d.focused()
}

// Ready tells whether nothing keeps what was asked about from being ready.
func Ready(findings []Finding) bool {
	return !slices.ContainsFunc(findings, func(f Finding) bool { return f.Class != ClassWarning })
}

type diagnosis struct {
	snapshot *Snapshot
	answers  map[string]Answer
	own      map[string]Answer
	findings []Finding
}

// manager says when nothing renews the conditions.
func (d *diagnosis) manager() {
	for _, m := range d.snapshot.Managers {
		if m.Ready > 0 {
			return
		}
	}
	for _, m := range d.snapshot.Managers {
		about := subject{kind: "Deployment", namespace: m.Namespace, name: m.Name, level: levelManager, fill: d.fill(terms{namespace: m.Namespace, name: m.Name})}
		since := &m.Since
		if m.Since.IsZero() {
			since = nil
		}
		message := fmt.Sprintf("%d of %d replicas are ready", m.Ready, m.Desired)
		d.add(about.finding(d.snapshot.Now, d.own[ReasonManagerDown], "", ReasonManagerDown, message, since, 0))
	}
}

func (d *diagnosis) add(finding Finding) {
	if warning, found := d.snapshot.Warnings[Ref{finding.Kind, finding.Name}]; found {
		finding.Seen = append(finding.Seen, fmt.Sprintf("event %s: %s", warning.Reason, warning.Message))
	}
	d.findings = append(d.findings, finding)
}

// terms are what the placeholders of an answer stand for; those that are empty follow from the cluster.
type terms struct{ namespace, name, owner, secret string }

func (d *diagnosis) fill(t terms) *strings.Replacer {
	target, secret := "(of the cluster)", "(of the cluster)"
	if infra := d.snapshot.Infra; infra != nil {
		target = infra.Spec.TargetNamespace
		secret = infra.Spec.IdentitySecret.Namespace + "/" + infra.Spec.IdentitySecret.Name
	}
	return strings.NewReplacer("{namespace}", t.namespace, "{name}", t.name, "{cluster}", d.snapshot.Cluster.Name,
		"{target}", target, "{secret}", cmp.Or(t.secret, secret), "{owner}", cmp.Or(t.owner, t.name))
}

// relate marks findings that follow from others: what each machine says of the way to Harvester, if the cluster says the
// same; and the wait for bootstrap data, while a control plane that has to come up first has a finding of its own.
func (d *diagnosis) relate() {
	initialized := ptr.Deref(d.snapshot.Cluster.Status.Initialization.ControlPlaneInitialized, false)
	for i := range d.findings {
		f := &d.findings[i]
		if f.Class == ClassWarning || f.place.level < levelControlPlane {
			continue
		}
		if (isConnection(f.Reason) && d.hasCause(f, levelCluster)) ||
			(f.Reason == infrav1.WaitingForBootstrapDataReason && !initialized && d.hasCause(f, levelControlPlane)) {
			f.Class = ClassFollows
		}
	}
}

// hasCause tells whether another finding, up to the level, explains one.
func (d *diagnosis) hasCause(of *Finding, upTo level) bool {
	return slices.ContainsFunc(d.findings, func(f Finding) bool {
		if f.Name == of.Name && f.Kind == of.Kind || f.place.level > upTo || f.place.level == levelManager {
			return false
		}
		if isConnection(of.Reason) {
			return f.Reason == of.Reason && f.Class != ClassWarning
		}
		return (f.Class == ClassBlocks || f.Class == ClassProgress) && f.Reason != of.Reason
	})
}

// focused keeps what concerns the machine that was asked about: its own findings and those of the cluster as a whole, and
// those of other machines only where its own follow from them.
func (d *diagnosis) focused() []Finding {
	focus := d.snapshot.Focus
	if focus == "" {
		return d.findings
	}
	own := func(f Finding) bool { return f.place.level >= levelControlPlane && d.isFocus(f.Name) }
	first := slices.IndexFunc(d.findings, own)
	if first < 0 {
		return d.aside()
	}
	waits := d.findings[first].Class == ClassFollows
	return slices.DeleteFunc(d.findings, func(f Finding) bool {
		return f.place.level >= levelControlPlane && !own(f) && (!waits || f.place.level != levelControlPlane)
	})
}

// aside is what is left for a machine that has no findings of its own: what the cluster lacks does not keep it from being
// ready.
func (d *diagnosis) aside() []Finding {
	rest := slices.DeleteFunc(d.findings, func(f Finding) bool { return f.place.level >= levelControlPlane })
	for i := range rest {
		rest[i].Class = ClassWarning
	}
	return rest
}

// isFocus tells whether a name is the focused Machine's or its HarvesterMachine's.
func (d *diagnosis) isFocus(name string) bool {
	for i := range d.snapshot.Machines {
		machine := &d.snapshot.Machines[i]
		if machine.isNamed(d.snapshot.Focus) {
			return machine.isNamed(name)
		}
	}
	return name == d.snapshot.Focus
}

func (m *Machine) isNamed(name string) bool {
	return (m.Machine != nil && m.Machine.Name == name) || (m.Infra != nil && m.Infra.Name == name)
}
