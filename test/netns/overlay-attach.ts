/** Hangs the programs on a node's devices, in whose network namespace it runs, and ends: they are pinned. Argument: options as JSON. */
import { type BpfProgramsOptions, openBpfPrograms } from '#io/bpf/bpf-programs.ts'

export interface AttachOptions {
  readonly programs: BpfProgramsOptions
  readonly lan: { readonly name: string; readonly ifindex: number }
  readonly overlay: { readonly name: string; readonly ifindex: number }
}

const { programs, lan, overlay } = JSON.parse(process.argv[2] ?? '') as AttachOptions
const opened = openBpfPrograms(programs)
opened.attachDevice(lan)
opened.attachOverlay(overlay)
opened.close()
