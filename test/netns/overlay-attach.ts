/** Hangs the programs on a node's devices, in whose network namespace it runs, and ends: they are pinned. Argument: `AttachOptions` as JSON. */
import { openBpfPrograms } from '#io/bpf/bpf-programs.ts'
import type { AttachOptions } from './overlay-sites.ts'

const { programs, lan, overlay } = JSON.parse(process.argv[2] ?? '') as AttachOptions
const opened = openBpfPrograms(programs)
opened.attachDevice(lan)
opened.attachOverlay(overlay)
opened.close()
