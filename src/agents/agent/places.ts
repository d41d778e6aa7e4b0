import { existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'

/** `CGROUP2_SUPER_MAGIC` of linux/magic.h. */
const CGROUP2_MAGIC = 0x63677270

/** The folder itself where it is cgroup2; on a host with both versions its child `unified`. What is neither is left for attaching to refuse. */
export function cgroup2Folder(root: string): string {
  const unified = join(root, 'unified')
  return !isCgroup2(root) && isCgroup2(unified) ? unified : root
}

function isCgroup2(folder: string): boolean {
  return existsSync(folder) && statfsSync(folder).type === CGROUP2_MAGIC
}

/** The compiled programs: as told, else beside the bundle, else where a checkout builds them. */
export function bpfObjectsFolder(told: string): string {
  if (told !== '') return told
  const beside = join(import.meta.dirname, 'bpf')
  return existsSync(beside) ? beside : join(import.meta.dirname, '../../../dist/bpf')
}

/** The plugin's binary: as told, else beside the bundle. */
export function pluginBinary(told: string): string {
  return told !== '' ? told : join(import.meta.dirname, 'cni', 'balise-cni')
}
