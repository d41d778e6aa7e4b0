import { DEFAULT_IPAM, type IpamSettings } from '#ipam/ownership.ts'
import type { OperatorSettings } from '#agents/operator/config.ts'

/** What of the operator's settings tells which Services get addresses, and which kind of them. */
export type IpamOptions = Pick<OperatorSettings, 'enableLbIpam' | 'defaultLbServiceIpam' | 'enableNodeIpam'>

export function ipamSettingsOf({ enableLbIpam, defaultLbServiceIpam, enableNodeIpam }: IpamOptions): IpamSettings {
  const enabled = enableLbIpam === 'true'
  return { ...DEFAULT_IPAM, enabled, defaultIpam: defaultLbServiceIpam, nodeIpam: enableNodeIpam === 'true' }
}
