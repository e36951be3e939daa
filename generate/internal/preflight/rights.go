package preflight

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"

	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient"
	"github.com/rancher-sandbox/cluster-api-provider-harvester/harvesterclient/rights"
)

// rights asks for each right of the list, and puts what is missing into one finding.
func (r *checks) rights() {
	var missing []shortage
	for _, right := range rights.All() {
		for _, question := range right.Questions(r.settings.TargetNamespace) {
			allowed, err := r.may(question)
			if err != nil {
				r.add("rights", "harvester-kubeconfig", err, "", "the rights could not be asked for; try again")
				return
			}
			if !allowed {
				missing = append(missing, shortage{right, question})
			}
		}
	}

	fine, err := summarize(missing)
	r.add("rights", "harvester-kubeconfig", err, fine, "give it these rights on Harvester; config/harvester/role.yaml has them all")
}

// may asks Harvester whether the account has one right.
func (r *checks) may(question authorizationv1.ResourceAttributes) (bool, error) {
	review := &authorizationv1.SelfSubjectAccessReview{Spec: authorizationv1.SelfSubjectAccessReviewSpec{ResourceAttributes: &question}}
	if err := r.client.Create(r.ctx, review); err != nil {
		return false, harvesterclient.Classify(err)
	}
	return review.Status.Allowed, nil
}

// shortage is one verb on one resource that the account lacks.
type shortage struct {
	right    rights.Right
	question authorizationv1.ResourceAttributes
}

// summarize says what the account may not do, as an error, or that it has what CAPHV needs, and what does not work without
// the rest. Pure.
func summarize(missing []shortage) (fine string, err error) {
	var needed, optional []string
	for _, lack := range missing {
		if lack.right.Needed() {
			needed = append(needed, describe(lack.question))
		} else {
			optional = append(optional, fmt.Sprintf("%s (%s)", describe(lack.question), lack.right.Without))
		}
	}

	if len(needed) > 0 {
		return "", errors.New("the account may not " + list(needed))
	}
	if len(optional) > 0 {
		return "the account may do what CAPHV needs, but not " + list(optional), nil
	}
	return "the account may do what CAPHV needs", nil
}

func describe(question authorizationv1.ResourceAttributes) string {
	text := question.Verb + " " + question.Resource
	if question.Group != "" {
		text += "." + question.Group
	}
	if question.Name != "" {
		text += fmt.Sprintf(" %q", question.Name)
	}
	if question.Namespace == "" {
		return text + " everywhere"
	}
	return text + fmt.Sprintf(" in namespace %q", question.Namespace)
}

// list joins texts of which each is named once.
func list(texts []string) string {
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), ", ")
}
