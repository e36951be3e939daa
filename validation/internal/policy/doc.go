// Package policy writes the rules as ValidatingAdmissionPolicies, for clusters that do without the webhook.
package policy
