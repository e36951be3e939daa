// Package rights lists what CAPHV does on Harvester with the account of an identity Secret.
//
// All is the one list: the reference role in config/harvester, the page docs/harvester-rights.md, the preflight of
// caphv-generate and the account that the sandbox gives to the manager are made from it. All functions are pure.
package rights

import (
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoleName is the name of the reference role.
const RoleName = "caphv"

// Right is something that the account may do.
type Right struct {
	// Group is the API group, empty for the core group.
	Group string
	// Resources are plural names.
	Resources []string
	// Names are the only objects that the right is about; empty for all.
	Names []string
	// Verbs are those of the Kubernetes API.
	Verbs []string
	// Everywhere is true where a right in the namespace of the VMs is not enough: the resource has no namespace, or the
	// requests span all of them.
	Everywhere bool
	// Namespace is where the right is needed, if it is a namespace of Harvester's own.
	Namespace string
	// For is a sentence about what the right is needed for.
	For string
	// Without says what happens where the account lacks the right. It is empty for what no cluster comes up, or goes, without.
	Without string
}

// Needed tells whether no cluster comes up, or goes, without the right.
func (r Right) Needed() bool { return r.Without == "" }

// Questions are the single rights to ask an API server for, in the order of resources and verbs. The namespace is that of
// the VMs.
func (r Right) Questions(namespace string) []authorizationv1.ResourceAttributes {
	switch {
	case r.Everywhere:
		namespace = ""
	case r.Namespace != "":
		namespace = r.Namespace
	}
	names := r.Names
	if len(names) == 0 {
		names = []string{""}
	}

	var questions []authorizationv1.ResourceAttributes
	for _, resource := range r.Resources {
		for _, verb := range r.Verbs {
			for _, name := range names {
				questions = append(questions, authorizationv1.ResourceAttributes{
					Group: r.Group, Resource: resource, Verb: verb, Namespace: namespace, Name: name,
				})
			}
		}
	}

	return questions
}

// ClusterRole is the reference role: all rights and no others. It is a role for the whole of Harvester because pools have no
// namespace, and because one watch serves all namespaces.
func ClusterRole() *rbacv1.ClusterRole {
	role := &rbacv1.ClusterRole{
		TypeMeta:   metav1.TypeMeta{APIVersion: rbacv1.SchemeGroupVersion.String(), Kind: "ClusterRole"},
		ObjectMeta: metav1.ObjectMeta{Name: RoleName},
	}
	for _, right := range All() {
		role.Rules = append(role.Rules, rbacv1.PolicyRule{
			APIGroups: []string{right.Group}, Resources: right.Resources, ResourceNames: right.Names, Verbs: right.Verbs,
		})
	}

	return role
}
