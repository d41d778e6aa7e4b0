import type { NetworkSettings } from '#cni/network.ts'
import type { Family } from '#model/ip.ts'
import type { AgentSettings } from '#agents/agent/config.ts'
import { pluginBinary } from '#agents/agent/places.ts'

/** Where the pods' network of this node has its files. */
export interface PodNetworkPlaces {
  /** Network configurations, as this process sees the folder. */
  readonly confDir: string
  readonly binDir: string
  /** The plugin's binary of this build. */
  readonly plugin: string
  /** Of the plugin, under the same path here and on the host. */
  readonly pluginState: string
  readonly sysctlRecord: string
  readonly procSys: string
}

export function podNetworkPlaces(settings: AgentSettings): PodNetworkPlaces {
  return {
    confDir: settings.cniConfDir,
    binDir: settings.cniBinDir,
    plugin: pluginBinary(settings.cniPlugin),
    pluginState: `${settings.stateDir}/cni`,
    sysctlRecord: `${settings.stateDir}/sysctls.json`,
    procSys: settings.procSys,
  }
}

export function networkSettings(settings: AgentSettings): NetworkSettings {
  const masqueraded: readonly (readonly [Family, boolean])[] = [
    ['IPv4', settings.masqueradeIpv4],
    ['IPv6', settings.masqueradeIpv6],
  ]
  return {
    routingMode: settings.routingMode,
    tunnelPort: settings.tunnelPort,
    mtuBytes: settings.mtuBytes,
    masqueradeFamilies: masqueraded.filter(([, enabled]) => enabled).map(([family]) => family),
    directCidrs: [...settings.nativeRoutingCidrs, ...settings.nonMasqueradeCidrs],
  }
}
