import { libc } from './libc.ts'

export type Direction = 'ingress' | 'egress'

/** A program for one direction of a device of this network namespace. */
export interface DeviceHook {
  readonly device: string
  readonly ifindex: number
  readonly direction: Direction
  readonly program: string
  readonly programFd: number
}

/** `eth0 ingress`: for messages. */
export function formatDeviceHook(hook: { readonly device: string; readonly direction: Direction }): string {
  return `${hook.device} ${hook.direction}`
}

/** The name of an interface of this network namespace; undefined when there is none of this index. */
export function deviceName(ifindex: number): string | undefined {
  const name = new Uint8Array(16) // IF_NAMESIZE
  if (libc().if_indextoname(ifindex, name) === null) return undefined
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)))
}
