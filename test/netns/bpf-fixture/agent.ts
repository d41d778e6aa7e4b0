/** What an agent does with its programs, and nothing else: attaches, says so, and waits to be killed. Arguments: options as JSON. */
import { type BpfProgramsOptions, openBpfPrograms } from '#io/bpf/bpf-programs.ts'

export interface FixtureAgentOptions {
  readonly programs: BpfProgramsOptions
  readonly device: { readonly name: string; readonly ifindex: number }
  readonly cgroup: string
}

const { programs, device, cgroup } = JSON.parse(process.argv[2] ?? '') as FixtureAgentOptions
const opened = openBpfPrograms(programs)
opened.attachDevice(device)
opened.attachCgroup(cgroup)
process.stdout.write('attached\n')
setTimeout(() => process.exit(3), 60_000)
