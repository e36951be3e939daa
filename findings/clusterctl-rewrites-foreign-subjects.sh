#!/usr/bin/env bash
# clusterctl v1.14.2: a provider's components in which a RoleBinding lets another namespace's ServiceAccount do something
# (Prometheus scrapes our metrics, for example) are installed with the subject moved to the provider's own namespace, and
# a RoleBinding in kube-system moves there too. No warning; the binding exists and grants nothing to whom it names.
#
# Expected by most: clusterctl maps the provider's original namespace to the target namespace. It replaces every
# namespace, that of foreign subjects included. Grants to others belong into a manifest beside the components.
#
# Output seen:
#   RoleBinding scrape in caphv-system: subject prometheus in caphv-system
#   RoleBinding auth-reader in caphv-system: subject manager in caphv-system
#   ClusterRoleBinding view: subject prometheus in caphv-system
. "$(dirname "$0")/lib/go.sh"

cat >go.mod <<'EOF'
module finding

go 1.26.0

require (
	sigs.k8s.io/cluster-api v1.14.2
	sigs.k8s.io/cluster-api/api v1.14.2
)
EOF
mkdir -p repository/infrastructure-example/v1.0.0
cat >repository/infrastructure-example/v1.0.0/metadata.yaml <<'EOF'
apiVersion: clusterctl.cluster.x-k8s.io/v1alpha3
kind: Metadata
releaseSeries:
- {major: 1, minor: 0, contract: v1beta2}
EOF
cat >repository/infrastructure-example/v1.0.0/components.yaml <<'EOF'
apiVersion: v1
kind: Namespace
metadata: {name: caphv-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: scrape, namespace: caphv-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: scrape}
subjects:
- {kind: ServiceAccount, name: prometheus, namespace: monitoring}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: auth-reader, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects:
- {kind: ServiceAccount, name: manager, namespace: caphv-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: view}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: ServiceAccount, name: prometheus, namespace: monitoring}
EOF
cat >clusterctl.yaml <<EOF
providers:
- name: example
  type: InfrastructureProvider
  url: $work/repository/infrastructure-example/v1.0.0/components.yaml
EOF
export CLUSTERCTL_DISABLE_VERSIONCHECK=true
go build -o clusterctl sigs.k8s.io/cluster-api/cmd/clusterctl 2>errors || { cat errors; exit 1; }
./clusterctl generate provider --config clusterctl.yaml --infrastructure example:v1.0.0 >installed.yaml

awk '
	function tell() { if (kind ~ /Binding$/) print kind " " name (space ? " in " space : "") ": subject " subject " in " of }
	/^---$/ { tell(); kind = name = space = subject = of = section = "" }
	/^kind: / { kind = $2 }
	/^[a-z]+[A-Za-z]*:/ { section = $1 }
	section == "metadata:" && $1 == "name:" { name = $2 }
	section == "metadata:" && $1 == "namespace:" { space = $2 }
	section == "subjects:" && $1 == "name:" { subject = $2 }
	section == "subjects:" && $1 == "namespace:" { of = $2 }
	END { tell() }' installed.yaml | sort >seen

sort >expected <<'EOF'
RoleBinding scrape in caphv-system: subject prometheus in caphv-system
RoleBinding auth-reader in caphv-system: subject manager in caphv-system
ClusterRoleBinding view: subject prometheus in caphv-system
EOF
same
