/** Loading and attaching the datapath's programs. What is attached is pinned and goes on when the agent ends. */

export type BpfHook =
  | { readonly kind: 'tc'; readonly device: string; readonly ifindex: number; readonly direction: 'ingress' | 'egress' }
  | { readonly kind: 'cgroup'; readonly path: string; readonly program: string }

export interface BpfAttachment {
  readonly hook: BpfHook
  readonly program: string
  /** How it hangs there: `tcx` (kernel 6.6 and newer), `clsact` below it, `cgroup`. */
  readonly mechanism: 'tcx' | 'clsact' | 'cgroup'
}

export interface BpfPrograms {
  /** Programs on a device, both directions. Idempotent; replaces an older build of ours without a gap, leaves foreign programs alone. */
  attachDevice(device: { readonly name: string; readonly ifindex: number }): void
  /** The programs of the overlay's device (`balise_to_overlay`, `balise_from_overlay`), as `attachDevice` does those of a LAN device. */
  attachOverlay(device: { readonly name: string; readonly ifindex: number }): void
  /** Whatever of ours hangs on a device. */
  detachDevice(ifindex: number): void
  /** Socket hooks (connect, sendmsg, recvmsg, getpeername) on a cgroup2 folder, for everything below it. Idempotent. */
  attachCgroup(path: string): void
  detachCgroup(path: string): void
  attachments(): readonly BpfAttachment[]
  close(): void
}
