{{/* What cni.mode comes to with Cilium's words for the same: auto, full, chained or none. */}}
{{- define "balise.cniMode" -}}
{{- $mode := .Values.cni.mode | default "auto" -}}
{{- $chaining := .Values.cni.chainingMode | default "none" -}}
{{- if ne $mode "auto" -}}
{{ $mode }}
{{- else if eq .Values.cni.install false -}}
none
{{- else if or (not (has $chaining (list "none" "portmap"))) .Values.cni.chainingTarget -}}
chained
{{- else -}}
auto
{{- end -}}
{{- end -}}

{{/* Environment of the agent for the pods' network. Empty values are left to the agent. */}}
{{- define "balise.cniEnv" -}}
- name: BALISE_CNI_MODE
  value: {{ include "balise.cniMode" . | quote }}
{{- if ne (include "balise.cniMode" .) "none" }}
- name: BALISE_CNI_CONF_DIR
  value: /host/etc/cni/net.d
- name: BALISE_CNI_BIN_DIR
  value: /host/opt/cni/bin
- name: BALISE_PROC_SYS
  value: /host/proc/sys
- name: BALISE_CNI_EXCLUSIVE
  value: {{ .Values.cni.exclusive | default false | quote }}
{{- if .Values.cni.customConf }}
- name: BALISE_CNI_CUSTOM_CONF
  value: "true"
{{- end }}
{{- if .Values.cni.uninstall }}
- name: BALISE_CNI_UNINSTALL
  value: "true"
{{- end }}
{{- with .Values.cni.chainingTarget }}
- name: BALISE_CNI_CHAINING_TARGET
  value: {{ . | quote }}
{{- end }}
- name: BALISE_ROUTING_MODE
  value: {{ .Values.routingMode | default (get (dict "vxlan" "tunnel" "disabled" "native") (toString .Values.tunnel)) | default "auto" | quote }}
{{- with .Values.tunnelPort }}
- name: BALISE_TUNNEL_PORT
  value: {{ . | quote }}
{{- end }}
{{- with .Values.MTU }}
- name: BALISE_MTU
  value: {{ . | quote }}
{{- end }}
- name: BALISE_MASQUERADE_IPV4
  value: {{ ne .Values.enableIPv4Masquerade false | quote }}
- name: BALISE_MASQUERADE_IPV6
  value: {{ ne .Values.enableIPv6Masquerade false | quote }}
{{- with compact (list .Values.ipv4NativeRoutingCIDR .Values.ipv6NativeRoutingCIDR) }}
- name: BALISE_NATIVE_ROUTING_CIDRS
  value: {{ join "," . | quote }}
{{- end }}
{{- with (.Values.ipMasqAgent.config).nonMasqueradeCIDRs }}
{{- if $.Values.ipMasqAgent.enabled }}
- name: BALISE_NON_MASQUERADE_CIDRS
  value: {{ join "," . | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Folders of the CNI on the nodes. k3s has its own where it brings flannel. */}}
{{- define "balise.cniConfPath" -}}
{{- $k3s := and (eq (toString .Values.profile) "k3s") (eq (include "balise.cniMode" .) "chained") (eq .Values.cni.confPath "/etc/cni/net.d") }}
{{- ternary "/var/lib/rancher/k3s/agent/etc/cni/net.d" .Values.cni.confPath $k3s }}
{{- end -}}

{{- define "balise.cniBinPath" -}}
{{- $k3s := and (eq (toString .Values.profile) "k3s") (eq (include "balise.cniMode" .) "chained") (eq .Values.cni.binPath "/opt/cni/bin") }}
{{- ternary "/var/lib/rancher/k3s/data/cni" .Values.cni.binPath $k3s }}
{{- end -}}

{{/* Where the agent reaches the host's files for that; nothing where the network of pods is another's. */}}
{{- define "balise.cniMounts" -}}
{{- if ne (include "balise.cniMode" .) "none" -}}
- name: cni-conf
  mountPath: /host/etc/cni/net.d
- name: cni-bin
  mountPath: /host/opt/cni/bin
- name: state
  mountPath: /var/lib/balise
- name: sysctls
  mountPath: /host/proc/sys/net
{{- end }}
{{- end -}}

{{- define "balise.cniVolumes" -}}
{{- if ne (include "balise.cniMode" .) "none" -}}
- name: cni-conf
  hostPath:
    path: {{ include "balise.cniConfPath" . }}
    type: DirectoryOrCreate
- name: cni-bin
  hostPath:
    path: {{ include "balise.cniBinPath" . }}
    type: DirectoryOrCreate
# The plugin's state: it outlives pods, agents and reboots.
- name: state
  hostPath:
    path: /var/lib/balise
    type: DirectoryOrCreate
# The container's own /proc/sys is read-only.
- name: sysctls
  hostPath:
    path: /proc/sys/net
    type: Directory
{{- end }}
{{- end -}}
