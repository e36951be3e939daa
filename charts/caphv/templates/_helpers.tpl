{{/* Labels that select the manager's Pods. They are those of infrastructure-components.yaml and never change. */}}
{{- define "caphv.selector" -}}
cluster.x-k8s.io/provider: infrastructure-harvester
control-plane: controller-manager
{{- end }}

{{/* An image by its full name; called with (list . values), where values may have a default tag set. */}}
{{- define "caphv.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $name := printf "%s/%s" ($root.Values.registry | default $image.registry) $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s:%s@%s" $name ($image.tag | default $root.Chart.AppVersion) $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name ($image.tag | default $root.Chart.AppVersion) -}}
{{- end -}}
{{- end }}

{{/* Objects that have nothing to configure but their namespace, from config/ by `make generate`. */}}
{{- define "caphv.generated" -}}
{{- $root := index . 0 -}}
{{- $file := index . 1 -}}
{{- $root.Files.Get (printf "files/generated/%s.yaml" $file) | replace "caphv-system" $root.Release.Namespace -}}
{{- end }}

{{/* What the Pod security standard "restricted" asks of a container. */}}
{{- define "caphv.restricted" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop:
  - ALL
{{- end }}
