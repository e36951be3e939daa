#!/bin/sh
# Makes the account that CAPHV uses on Harvester, and writes its kubeconfig to standard output:
#
#   KUBECONFIG=harvester-admin.yaml config/harvester/account.sh > caphv.yaml
#   kubectl create secret generic harvester-identity -n NAMESPACE --from-file=kubeconfig=caphv.yaml
#
# The account is ServiceAccount caphv in the namespace of the first argument (default: harvester-system), with the rights of
# role.yaml beside this file and no others. Running it again changes nothing and writes the same kubeconfig. To take the
# kubeconfig back, delete Secret caphv-token there; the next run makes a new one.
#
# The server is that of the kubeconfig in use; SERVER names another one, for instance Harvester's virtual IP address.
set -eu

namespace=${1:-harvester-system}
here=$(dirname "$0")

kubectl apply -f "$here/role.yaml" >&2
kubectl apply -f - >&2 <<EOF
apiVersion: v1
kind: ServiceAccount
metadata: {name: caphv, namespace: $namespace}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: caphv}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: caphv}
subjects:
- {kind: ServiceAccount, name: caphv, namespace: $namespace}
---
apiVersion: v1
kind: Secret
metadata:
  name: caphv-token
  namespace: $namespace
  annotations: {kubernetes.io/service-account.name: caphv}
type: kubernetes.io/service-account-token
EOF

# The token is filled in by a controller, within moments.
kubectl wait secret/caphv-token -n "$namespace" --for='jsonpath={.data.token}' --timeout=60s >&2
token=$(kubectl get secret caphv-token -n "$namespace" -o 'jsonpath={.data.token}' | base64 -d)
server=${SERVER:-$(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')}
authority=$(kubectl config view --minify --raw -o 'jsonpath={.clusters[0].cluster.certificate-authority-data}')
if [ -z "$authority" ]; then
  file=$(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.certificate-authority}')
  [ -z "$file" ] || authority=$(base64 < "$file" | tr -d '\n')
fi

cat <<EOF
apiVersion: v1
kind: Config
clusters:
- name: harvester
  cluster:
    server: $server
${authority:+    certificate-authority-data: $authority
}users:
- name: caphv
  user:
    token: $token
contexts:
- name: harvester
  context: {cluster: harvester, user: caphv, namespace: default}
current-context: harvester
EOF
