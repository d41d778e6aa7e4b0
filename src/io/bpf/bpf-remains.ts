import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { BpfHook } from '#ports/bpf-programs.ts'
import type { BpfRemains } from '#ports/bpf-remains.ts'
import { listAttachments } from './bpf-programs.ts'
import { detachCgroupLink } from './cgroup-links.ts'
import { detachClsact } from './clsact.ts'
import { deviceName } from './device-hook.ts'
import { type LinkPin, listLinkPins } from './link-pins.ts'
import { detachTcx } from './tcx.ts'

const LINKS = 'links'

/** What an agent left below its pin folder. */
export function openBpfRemains(pinFolder: string): BpfRemains {
  const links = join(pinFolder, LINKS)
  return {
    list() {
      if (!existsSync(pinFolder)) return []
      const attached = existsSync(links) ? listAttachments(links) : []
      const maps = readdirSync(pinFolder).filter((name) => name !== LINKS)
      return [
        ...attached.map(({ program, hook, mechanism }) => `${program} at ${formatHook(hook)} (${mechanism})`),
        ...maps.sort().map((name) => `map ${name}`),
      ]
    },
    remove() {
      if (!existsSync(pinFolder)) return
      if (existsSync(links)) for (const { pin, path } of listLinkPins(links)) detach(pin, path)
      rmSync(pinFolder, { recursive: true, force: true })
    },
  }
}

function formatHook(hook: BpfHook): string {
  return hook.kind === 'tc' ? `${hook.device} ${hook.direction}` : hook.path
}

function detach(pin: LinkPin, path: string): void {
  switch (pin.kind) {
    case 'tcx':
      detachTcx(pin, path)
      return
    case 'clsact':
      detachClsact(pin, path)
      removeEmptyClsact(pin.ifindex)
      return
    case 'cgroup':
      detachCgroupLink(path)
  }
}

/** The qdisc was made for our filters; where others hang in it, it stays. */
function removeEmptyClsact(ifindex: number): void {
  const device = deviceName(ifindex)
  if (device === undefined || !tc('qdisc', 'show', 'dev', device).includes('clsact')) return
  const isEmpty = ['ingress', 'egress'].every((way) => tc('filter', 'show', 'dev', device, way).trim() === '')
  if (isEmpty) tc('qdisc', 'delete', 'dev', device, 'clsact')
}

function tc(...args: readonly string[]): string {
  return execFileSync('tc', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 10_000 })
}
