{{/* The labels of every object. Takes (dict "root" $ "component" "agent"). */}}
{{- define "balise.labels" -}}
{{ include "balise.selectorLabels" . }}
app.kubernetes.io/part-of: balise
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- end }}

{{/* What never changes for a component, so that a selector may use it. */}}
{{- define "balise.selectorLabels" -}}
app.kubernetes.io/name: balise
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "balise.image" -}}
{{ printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) | quote }}
{{- end }}

{{/* Where the API server is, as client libraries read it; nothing when the values leave it to the cluster. */}}
{{- define "balise.apiServerEnv" -}}
{{- if .Values.k8sServiceHost }}
- name: BALISE_API_HOST
  value: {{ .Values.k8sServiceHost | quote }}
{{- end }}
{{- if .Values.k8sServicePort }}
- name: BALISE_API_PORT
  value: {{ .Values.k8sServicePort | toString | quote }}
{{- end }}
{{- end }}

{{/* 15s, 1m -> 15, 60 */}}
{{- define "balise.leaseDurationSeconds" -}}
{{- $text := .Values.l2announcements.leaseDuration -}}
{{- if hasSuffix "m" $text -}}
{{ mul 60 (trimSuffix "m" $text | int) }}
{{- else -}}
{{ trimSuffix "s" $text }}
{{- end -}}
{{- end }}

{{- define "balise.devices" -}}
{{- if kindIs "slice" .Values.devices }}{{ join "," .Values.devices }}{{ else }}{{ .Values.devices }}{{ end }}
{{- end }}
