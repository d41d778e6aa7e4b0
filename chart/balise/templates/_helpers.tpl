{{/* The labels of every object. Takes (dict "root" $ "component" "agent"), and "more" labels, which go before commonLabels. */}}
{{- define "balise.labels" -}}
{{- $own := include "balise.ownLabels" . }}
{{- $own }}
{{- $further := merge (dict) (.more | default dict) (.root.Values.commonLabels | default dict) }}
{{- range $name, $_ := fromYaml $own }}
{{- $further = omit $further $name }}
{{- end }}
{{- with $further }}
{{ include "balise.texts" . }}
{{- end }}
{{- end }}

{{- define "balise.ownLabels" -}}
{{ include "balise.selectorLabels" . }}
app.kubernetes.io/part-of: balise
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | quote }}
{{- end }}

{{/* A map of what must be texts for Kubernetes: `--set` and YAML make a boolean of true and a number of 1. */}}
{{- define "balise.texts" -}}
{{- $texts := dict }}
{{- range $name, $value := . }}
{{- $whole := and (kindIs "float64" $value) (eq (floor $value) $value) }}
{{- $_ := set $texts $name (toString (kindIs "invalid" $value | ternary "" ($whole | ternary (int64 $value) $value))) }}
{{- end }}
{{- toYaml $texts }}
{{- end }}

{{/* Secrets by name: {name: regcred}, as Kubernetes has them, or the name alone. */}}
{{- define "balise.pullSecrets" -}}
{{- range . }}
{{- if kindIs "string" . }}
- name: {{ . | quote }}
{{- else }}
- {{ toYaml . | nindent 2 | trim }}
{{- end }}
{{- end }}
{{- end }}

{{/* How pods are replaced. What the chart says of rolling updates is left out where there is none, as Kubernetes wants it. */}}
{{- define "balise.strategy" -}}
{{- toYaml (has (.type | default "RollingUpdate") (list "RollingUpdate") | ternary . (omit . "rollingUpdate")) }}
{{- end }}

{{/* What never changes for a component, so that a selector may use it. */}}
{{- define "balise.selectorLabels" -}}
app.kubernetes.io/name: balise
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "balise.namespace" -}}
{{ .Values.namespaceOverride | default .Release.Namespace }}
{{- end }}

{{- define "balise.agentAccount" -}}
{{ .Values.serviceAccounts.cilium.name | default "balise" }}
{{- end }}

{{- define "balise.operatorAccount" -}}
{{ .Values.serviceAccounts.operator.name | default "balise-operator" }}
{{- end }}

{{- define "balise.image" -}}
{{- $image := .Values.image }}
{{- $reference := printf "%s:%s" $image.repository ($image.tag | default .Chart.AppVersion) }}
{{- $digest := ternary (printf "@%s" $image.digest) "" (eq (toString $image.useDigest) "true") }}
{{- $image.override | default (printf "%s%s" $reference $digest) | quote }}
{{- end }}

{{/* The priority class of a component; "" for none. Takes (dict "root" $ "named" "" "critical" "system-node-critical"). */}}
{{- define "balise.priorityClass" -}}
{{- .named | default (ternary "" .critical (eq (toString .root.Values.enableCriticalPriorityClass) "false")) }}
{{- end }}

{{- define "balise.logLevel" -}}
{{- ternary "debug" .Values.logLevel (eq (toString .Values.debug.enabled) "true") }}
{{- end }}

{{/* Where the API server is; nothing when the processes look for it. */}}
{{- define "balise.apiServerEnv" -}}
{{- $profile := get (dict "talos" (list "localhost" "7445") "k3s" (list "127.0.0.1" "6444")) (.Values.profile | default "auto") | default (list "" "") }}
{{- $host := .Values.k8sServiceHost }}
{{- if (.Values.k8sServiceHostRef).name }}
- name: BALISE_API_HOST
  valueFrom:
    configMapKeyRef:
      name: {{ .Values.k8sServiceHostRef.name }}
      key: {{ .Values.k8sServiceHostRef.key }}
{{- else if ne ($host | default (first $profile) | default "auto") "auto" }}
- name: BALISE_API_HOST
  value: {{ $host | default (first $profile) | quote }}
{{- end }}
{{- if ne ($host | default "") "auto" }}
{{- with .Values.k8sServicePort | default (ternary "" (last $profile) (ne ($host | default "") "")) }}
- name: BALISE_API_PORT
  value: {{ toString . | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* 15s, 1m -> 15, 60 */}}
{{- define "balise.leaseDurationSeconds" -}}
{{- include "balise.seconds" (dict "text" .Values.l2announcements.leaseDuration "fallback" "15s") }}
{{- end }}

{{/* A list, or a text with commas or, as Cilium has it, with spaces. */}}
{{- define "balise.devices" -}}
{{- $devices := .Values.devices }}
{{- kindIs "slice" $devices | ternary $devices (regexSplit "[, ]+" (toString ($devices | default "")) -1 | compact) | join "," }}
{{- end }}

{{/* Whether kube-proxy is replaced, by the old words as well: true or false. */}}
{{- define "balise.kubeProxyReplacement" -}}
{{- has (toString .Values.kubeProxyReplacement) (list "true" "strict") }}
{{- end }}

{{/* /run/cilium/cgroupv2, Cilium's default, is mounted by nobody here. */}}
{{- define "balise.cgroupRoot" -}}
{{- ternary "/sys/fs/cgroup" .Values.cgroup.hostRoot (eq .Values.cgroup.hostRoot "/run/cilium/cgroupv2") }}
{{- end }}
