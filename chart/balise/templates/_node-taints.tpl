{{/*
What the operator does on nodes whose network is Balise's, as JSON: {removeNodeTaints, setNodeTaints, setNodeNetworkStatus}. Nothing where
no node can be such a one.
*/}}
{{- define "balise.nodeTaints" -}}
{{- $mode := include "balise.cniMode" . -}}
{{- $operator := .Values.operator -}}
{{- $remove := and (ne $mode "none") (ne $operator.removeNodeTaints false) -}}
{{- $set := ternary $remove (eq $operator.setNodeTaints true) (kindIs "invalid" $operator.setNodeTaints) -}}
{{- $status := and (has $mode (list "auto" "full")) (ne $operator.setNodeNetworkStatus false) -}}
{{- dict "removeNodeTaints" $remove "setNodeTaints" (and (ne $mode "none") $set) "setNodeNetworkStatus" $status | toJson -}}
{{- end -}}

{{/* Environment of the operator for that. */}}
{{- define "balise.nodeTaintsEnv" -}}
{{- $does := include "balise.nodeTaints" . | fromJson -}}
- name: BALISE_REMOVE_NODE_TAINTS
  value: {{ $does.removeNodeTaints | quote }}
- name: BALISE_SET_NODE_TAINTS
  value: {{ $does.setNodeTaints | quote }}
- name: BALISE_SET_NODE_NETWORK_STATUS
  value: {{ $does.setNodeNetworkStatus | quote }}
{{- with .Values.agentNotReadyTaintKey }}
- name: BALISE_AGENT_NOT_READY_TAINT_KEY
  value: {{ . | quote }}
{{- end }}
{{- end -}}

{{/* The rules that it takes; empty where it takes none. */}}
{{- define "balise.nodeTaintsRules" -}}
{{- $does := include "balise.nodeTaints" . | fromJson -}}
{{- if or $does.removeNodeTaints $does.setNodeTaints }}
# The taint of nodes without an agent.
- apiGroups: ['']
  resources: [nodes]
  verbs: [patch]
{{- end }}
{{- if $does.setNodeNetworkStatus }}
# The condition NetworkUnavailable, where Balise is the CNI.
- apiGroups: ['']
  resources: [nodes/status]
  verbs: [patch]
{{- end }}
{{- end -}}
