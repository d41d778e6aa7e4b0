import type { CniProblem } from '#cni/problem.ts'
import { formatSysctlRecord, parseSysctlRecord, type SysctlRecord } from '#cni/sysctl-record.ts'
import type { Sysctl } from '#cni/sysctls.ts'
import type { HostFiles } from '#ports/host-files.ts'
import { toFailure } from '#runtime/failure.ts'

export interface SysctlsOptions {
  readonly files: HostFiles
  /** The host's /proc/sys. */
  readonly procSys: string
  /** Where what was there before is kept, so that a clean-up can put it back. */
  readonly recordFile: string
}

/** Changes with every boot, and with it all settings are the kernel's own again. */
const BOOT_ID = '/proc/sys/kernel/random/boot_id'

/** Sets what differs. A setting that cannot be had is a problem, and stops no other. */
export class Sysctls {
  readonly #options: SysctlsOptions

  constructor(options: SysctlsOptions) {
    this.#options = options
  }

  apply(sysctls: readonly Sysctl[]): readonly CniProblem[] {
    const problems: CniProblem[] = []
    for (const { name, value, onlyFrom } of sysctls) {
      try {
        const before = this.#options.files.readText(`${this.#options.procSys}/${name}`)?.trim()
        if (before === value || (onlyFrom !== undefined && before !== onlyFrom)) continue
        if (before === undefined) throw new Error('the kernel does not have it')
        this.#set(name, value, before)
      } catch (error) {
        const message = `${name.replaceAll('/', '.')} cannot be set to ${value}, so packets to pods may be dropped: ${toFailure(error).message}`
        problems.push({ severity: 'error', code: 'SysctlFailed', message })
      }
    }
    return problems
  }

  /** Written down first: a value that nobody remembers could not be put back. */
  #set(name: string, value: string, before: string): void {
    const { files, procSys, recordFile } = this.#options
    const bootId = files.readText(BOOT_ID)?.trim() ?? ''
    const old = parseSysctlRecord(files.readText(recordFile))
    const record: SysctlRecord = old?.bootId === bootId ? old : { bootId, changed: {} }
    if (record.changed[name] === undefined) {
      files.makeFolder(recordFile.slice(0, recordFile.lastIndexOf('/')))
      const changed = { ...record.changed, [name]: { before, ours: value } }
      files.replace(recordFile, formatSysctlRecord({ bootId, changed }))
    }
    files.writeInPlace(`${procSys}/${name}`, value)
  }
}
