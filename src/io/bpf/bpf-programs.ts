import { join } from 'node:path'
import type { BpfAttachment, BpfPrograms } from '#ports/bpf-programs.ts'
import { BpfError } from './bpf-error.ts'
import type { BpfObject } from './bpf-object.ts'
import { attachCgroupLink, detachCgroupLink, isCgroupAttached } from './cgroup-links.ts'
import { attachClsact, detachClsact, isClsactAttached } from './clsact.ts'
import { type DeviceHook, type Direction, deviceName } from './device-hook.ts'
import { ATTACH_TYPE } from './link-calls.ts'
import {
  type DevicePin,
  type DeviceRole,
  formatLinkPin,
  type LinkPin,
  listLinkPins,
  removeUnfinishedPins,
} from './link-pins.ts'
import { type LoadOptions, loadPrograms } from './load-programs.ts'
import type { MapMigration } from './map-layout.ts'
import { makePinFolder, removePin } from './pin.ts'
import { attachTcx, detachTcx, hasTcx, isTcxAttached, isTcxDead } from './tcx.ts'

/** Programs of the traffic-control type, by what the device is and by direction. */
const DEVICE_PROGRAMS: { readonly [R in DeviceRole]: { readonly [D in Direction]: string } } = {
  lan: { ingress: 'balise_ingress', egress: 'balise_egress' },
  overlay: { ingress: 'balise_from_overlay', egress: 'balise_to_overlay' },
}
const ROLES: readonly DeviceRole[] = ['lan', 'overlay']
const DIRECTIONS: readonly Direction[] = ['egress', 'ingress'] // egress first: what ingress lets in finds its way back

/** Programs of sockets. The order of attaching: those that undo come before those that do. */
const SOCKET_PROGRAMS = [
  { program: 'balise_getpeername4', attachType: ATTACH_TYPE.CGROUP_INET4_GETPEERNAME },
  { program: 'balise_getpeername6', attachType: ATTACH_TYPE.CGROUP_INET6_GETPEERNAME },
  { program: 'balise_recvmsg4', attachType: ATTACH_TYPE.CGROUP_UDP4_RECVMSG },
  { program: 'balise_recvmsg6', attachType: ATTACH_TYPE.CGROUP_UDP6_RECVMSG },
  { program: 'balise_sendmsg4', attachType: ATTACH_TYPE.CGROUP_UDP4_SENDMSG },
  { program: 'balise_connect4', attachType: ATTACH_TYPE.CGROUP_INET4_CONNECT },
  { program: 'balise_connect6', attachType: ATTACH_TYPE.CGROUP_INET6_CONNECT },
] as const

/** Attachments are pinned in `links` below the pin folder. */
export interface BpfProgramsOptions extends LoadOptions {
  readonly mechanism: 'auto' | 'tcx' | 'clsact'
}

export interface LoadedBpfPrograms extends BpfPrograms {
  readonly mechanism: 'tcx' | 'clsact'
  /** Maps that an earlier build had pinned with another layout. */
  readonly migrations: readonly MapMigration[]
}

/**
 * Loads all programs and pins their maps. Nothing is attached yet and what is attached goes on as it is, so that maps can be filled
 * before the new programs look into them.
 */
export function openBpfPrograms(options: BpfProgramsOptions): LoadedBpfPrograms {
  const mechanism = chooseMechanism(options.mechanism)
  const links = join(options.pinFolder, 'links')
  makePinFolder(links)
  removeUnfinishedPins(links)
  removeDeadPins(links)
  const { objects, migrations } = loadPrograms(options)
  const programFd = (program: string): number => findProgram(objects, program)
  const attach = (role: DeviceRole, { name, ifindex }: { readonly name: string; readonly ifindex: number }): void => {
    for (const direction of DIRECTIONS) {
      const program = DEVICE_PROGRAMS[role][direction]
      const hook = { device: name, ifindex, direction, program, programFd: programFd(program) }
      attachHook(hook, { kind: mechanism, ifindex, role, direction }, links)
    }
  }
  return {
    mechanism,
    migrations,
    attachDevice: (device) => attach('lan', device),
    attachOverlay: (device) => attach('overlay', device),
    detachDevice(ifindex) {
      for (const role of ROLES) {
        for (const direction of DIRECTIONS.toReversed()) {
          for (const kind of ['tcx', 'clsact'] as const) detachHook({ kind, ifindex, role, direction }, links)
        }
      }
    },
    attachCgroup(path) {
      for (const { program, attachType } of SOCKET_PROGRAMS) {
        const pinPath = join(links, formatLinkPin({ kind: 'cgroup', program, path }))
        attachCgroupLink({ path, attachType, program, programFd: programFd(program) }, pinPath)
      }
    },
    detachCgroup(path) {
      for (const { program } of SOCKET_PROGRAMS.toReversed())
        detachCgroupLink(join(links, formatLinkPin({ kind: 'cgroup', program, path })))
    },
    attachments: () => listAttachments(links),
    close() {
      for (const object of objects) object.close()
    },
  }
}

/** What hangs where by the pins in `folder`, whichever process put it there. Pins of what is gone are left out. */
export function listAttachments(folder: string): readonly BpfAttachment[] {
  return listLinkPins(folder).flatMap(({ pin: linkPin, path }) => describePin(linkPin, path) ?? [])
}

function describePin(linkPin: LinkPin, path: string): BpfAttachment | undefined {
  if (linkPin.kind === 'cgroup') {
    const { program } = linkPin
    if (!isCgroupAttached(path)) return undefined
    return { hook: { kind: 'cgroup', path: linkPin.path, program }, program, mechanism: 'cgroup' }
  }
  const { kind, ifindex, role, direction } = linkPin
  const device = deviceName(ifindex)
  if (device === undefined) return undefined
  const attached = kind === 'tcx' ? isTcxAttached(linkPin, path) : isClsactAttached(linkPin, path)
  if (!attached) return undefined
  const program = DEVICE_PROGRAMS[role][direction]
  return { hook: { kind: 'tc', device, ifindex, direction }, program, mechanism: kind }
}

/** Devices and cgroups come and go while no agent looks: what hung there is gone, its pin is not. */
function removeDeadPins(folder: string): void {
  for (const { pin: linkPin, path } of listLinkPins(folder)) if (isDead(linkPin, path)) removePin(path)
}

function isDead(linkPin: LinkPin, path: string): boolean {
  if (linkPin.kind === 'cgroup') return !isCgroupAttached(path)
  return linkPin.kind === 'tcx' ? isTcxDead(path) : !isClsactAttached(linkPin, path)
}

function chooseMechanism(wanted: 'auto' | 'tcx' | 'clsact'): 'tcx' | 'clsact' {
  if (wanted === 'clsact') return 'clsact'
  if (hasTcx()) return 'tcx'
  if (wanted === 'tcx') throw new BpfError({ code: 'MechanismMissing', mechanism: 'tcx' })
  return 'clsact'
}

/** The other mechanism's attachment goes only when this one's is there: for a moment both run, never none. */
function attachHook(hook: DeviceHook, place: DevicePin, links: string): void {
  const path = join(links, formatLinkPin(place))
  if (place.kind === 'tcx') attachTcx(hook, path)
  else attachClsact(hook, path)
  detachHook({ ...place, kind: place.kind === 'tcx' ? 'clsact' : 'tcx' }, links)
}

function detachHook(place: DevicePin, links: string): void {
  const path = join(links, formatLinkPin(place))
  if (place.kind === 'tcx') detachTcx(place, path)
  else detachClsact(place, path)
}

function findProgram(objects: readonly BpfObject[], program: string): number {
  const object = objects.find(({ programs }) => programs.includes(program))
  if (object !== undefined) return object.programFd(program)
  throw new BpfError({ code: 'NoSuchProgram', program, known: objects.flatMap(({ programs }) => programs) })
}
