import type { BpfAttachment, BpfPrograms } from './bpf-programs.ts'

export interface FakeBpfPrograms extends BpfPrograms {
  /** The device is gone: what hung there is gone with it, and nothing can be attached there. */
  removeDevice(ifindex: number): void
  addDevice(device: { readonly name: string; readonly ifindex: number }): void
  /** The next attaching fails, once. */
  failNext(): void
}

const SOCKET_PROGRAMS = [
  'balise_connect4',
  'balise_connect6',
  'balise_getpeername4',
  'balise_getpeername6',
  'balise_recvmsg4',
  'balise_recvmsg6',
  'balise_sendmsg4',
] as const

const DEVICE_PROGRAMS = { ingress: 'balise_ingress', egress: 'balise_egress' } as const
const OVERLAY_PROGRAMS = { ingress: 'balise_from_overlay', egress: 'balise_to_overlay' } as const

/** Keeps what hangs where. `devices` are those that exist. */
export function createFakeBpfPrograms(
  devices: readonly { readonly name: string; readonly ifindex: number }[] = [],
): FakeBpfPrograms {
  const present = new Map(devices.map((device) => [device.ifindex, device]))
  const attached = new Map<string, BpfAttachment>()
  let failing = false
  const failIfAsked = (what: string): void => {
    if (!failing) return
    failing = false
    throw new Error(`BPF_LINK_CREATE for ${what} failed with ENOMEM`)
  }
  const forget = (matches: (attachment: BpfAttachment) => boolean): void => {
    for (const [key, attachment] of attached) if (matches(attachment)) attached.delete(key)
  }
  const onDevice = (ifindex: number) => (attachment: BpfAttachment) =>
    attachment.hook.kind === 'tc' && attachment.hook.ifindex === ifindex
  const attach = (
    { name, ifindex }: { readonly name: string; readonly ifindex: number },
    programs: typeof DEVICE_PROGRAMS | typeof OVERLAY_PROGRAMS,
  ): void => {
    failIfAsked(name)
    if (!present.has(ifindex)) throw new Error(`BPF_LINK_CREATE for ${name} failed with ENODEV`)
    for (const direction of ['ingress', 'egress'] as const) {
      const hook = { kind: 'tc', device: name, ifindex, direction } as const
      attached.set(`${ifindex} ${direction}`, { hook, program: programs[direction], mechanism: 'tcx' })
    }
  }
  return {
    attachDevice: (device) => attach(device, DEVICE_PROGRAMS),
    attachOverlay: (device) => attach(device, OVERLAY_PROGRAMS),
    detachDevice: (ifindex) => forget(onDevice(ifindex)),
    attachCgroup(path) {
      failIfAsked(path)
      for (const program of SOCKET_PROGRAMS) {
        const hook = { kind: 'cgroup', path, program } as const
        attached.set(`${path} ${program}`, { hook, program, mechanism: 'cgroup' })
      }
    },
    detachCgroup: (path) => forget(({ hook }) => hook.kind === 'cgroup' && hook.path === path),
    attachments: () => [...attached.values()],
    close() {},
    addDevice: (device) => void present.set(device.ifindex, device),
    removeDevice(ifindex) {
      present.delete(ifindex)
      forget(onDevice(ifindex))
    },
    failNext() {
      failing = true
    },
  }
}
