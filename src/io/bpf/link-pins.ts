import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Direction } from './device-hook.ts'
import { removePin, UNFINISHED } from './pin.ts'

/** What a device is to us, and so which programs hang on it. */
export type DeviceRole = 'lan' | 'overlay'

/** What a pin below `links/` says by its name: names are all that bpffs keeps of ours. */
export type LinkPin = DevicePin | { readonly kind: 'cgroup'; readonly program: string; readonly path: string }

export interface DevicePin {
  readonly kind: 'tcx' | 'clsact'
  readonly ifindex: number
  readonly role: DeviceRole
  readonly direction: Direction
}

/** `tcx-2-ingress`, `tcx-9-overlay-egress`, `cgroup-balise_connect4-%2Fsys%2Ffs%2Fcgroup`. bpffs has no room for dots in names. */
export function formatLinkPin(pin: LinkPin): string {
  if (pin.kind !== 'cgroup') {
    const role = pin.role === 'lan' ? '' : `${pin.role}-`
    return `${pin.kind}-${pin.ifindex}-${role}${pin.direction}`
  }
  return `cgroup-${pin.program}-${encodeURIComponent(pin.path).replaceAll('.', '%2E')}`
}

/** Undefined for a name that is none of ours. */
export function parseLinkPin(name: string): LinkPin | undefined {
  const device = /^(tcx|clsact)-([1-9]\d{0,9})-(overlay-|)(ingress|egress)$/.exec(name)
  if (device !== null) {
    return {
      kind: device[1] === 'tcx' ? 'tcx' : 'clsact',
      ifindex: Number(device[2]),
      role: device[3] === '' ? 'lan' : 'overlay',
      direction: device[4] === 'ingress' ? 'ingress' : 'egress',
    }
  }
  const cgroup = /^cgroup-(\w+)-(.+)$/.exec(name)
  const path = decodePath(cgroup?.[2] ?? '')
  return cgroup === null || path === undefined ? undefined : { kind: 'cgroup', program: cgroup[1] ?? '', path }
}

function decodePath(text: string): string | undefined {
  try {
    return decodeURIComponent(text)
  } catch {
    return undefined // not what `formatLinkPin` writes
  }
}

/** All pins of ours in a folder, with their paths. */
export function listLinkPins(folder: string): readonly { readonly pin: LinkPin; readonly path: string }[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const pin = parseLinkPin(name)
      return pin === undefined ? [] : [{ pin, path: join(folder, name) }]
    })
}

/** Pins that a killed agent did not come to put in their place. */
export function removeUnfinishedPins(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(UNFINISHED)) removePin(join(folder, name))
}
