/** How a map is laid out, as far as programs built for another layout would go wrong with it. */
export interface MapLayout {
  /** enum bpf_map_type */
  readonly type: number
  readonly keyLengthOctets: number
  readonly valueLengthOctets: number
  readonly maxEntries: number
  readonly flags: number
}

export type BpfFailure =
  | { readonly code: 'NoLibbpf'; readonly reason: string }
  /** A system call, or a call of libbpf that stands for one; `subject` is the path, program or device that it was about. */
  | { readonly code: 'SystemCall'; readonly call: string; readonly subject: string; readonly errno: string }
  /** libbpf refused the object file; `messages` are its own words. */
  | { readonly code: 'BadObject'; readonly path: string; readonly errno: string; readonly messages: readonly string[] }
  /** The verifier, or the kernel otherwise, refused a program. `verifierLog` is empty when it said nothing. */
  | {
      readonly code: 'LoadRefused'
      readonly path: string
      readonly program: string
      readonly errno: string
      readonly verifierLog: string
      readonly messages: readonly string[]
    }
  | { readonly code: 'LayoutDiffers'; readonly pin: string; readonly pinned: MapLayout; readonly wanted: MapLayout }
  | { readonly code: 'NotPinned'; readonly pin: string }
  | { readonly code: 'NotBpffs'; readonly path: string }
  | { readonly code: 'NotCgroup2'; readonly path: string }
  | { readonly code: 'NoSuchProgram'; readonly program: string; readonly known: readonly string[] }
  | { readonly code: 'NoSuchMap'; readonly map: string; readonly known: readonly string[] }
  | { readonly code: 'NoSuchConstant'; readonly constant: string; readonly known: readonly string[] }
  | {
      readonly code: 'ConstantTooLong'
      readonly constant: string
      readonly lengthOctets: number
      readonly roomOctets: number
    }
  /** Another's filter hangs where ours would. */
  | { readonly code: 'HookTaken'; readonly device: string; readonly by: string }
  | { readonly code: 'MechanismMissing'; readonly mechanism: 'tcx' }

/** Loading, attaching or reading BPF failed: the world's fault (kernel, file system, privileges), with its facts. */
export class BpfError extends Error {
  override readonly name = 'BpfError'
  readonly failure: BpfFailure
  constructor(failure: BpfFailure, options?: ErrorOptions) {
    super(formatFailure(failure), options)
    this.failure = failure
  }
}

function formatFailure(failure: BpfFailure): string {
  switch (failure.code) {
    case 'NoLibbpf':
      return `libbpf.so.1 cannot be loaded: ${failure.reason}`
    case 'SystemCall':
      return `${failure.call} for ${failure.subject} failed with ${failure.errno}`
    case 'BadObject':
      return withLines(`BPF object ${failure.path} cannot be opened (${failure.errno})`, failure.messages)
    case 'LoadRefused':
      return withLines(`The kernel refused BPF program ${failure.program} of ${failure.path} (${failure.errno})`, [
        ...(failure.verifierLog === '' ? failure.messages : lastLines(failure.verifierLog)),
      ])
    case 'LayoutDiffers':
      return `Pinned map ${failure.pin} has ${formatLayout(failure.pinned)}, this build wants ${formatLayout(failure.wanted)}`
    case 'NotPinned':
      return `No BPF map or program is pinned at ${failure.pin}`
    case 'NotBpffs':
      return `${failure.path} is not on a BPF file system: on most machines 'mount -t bpf bpf /sys/fs/bpf' mounts one`
    case 'NotCgroup2':
      return `${failure.path} is no cgroup2 folder: socket programs attach to one alone`
    case 'NoSuchProgram':
      return `No BPF program ${failure.program}, only ${formatKnown(failure.known)}`
    case 'NoSuchMap':
      return `No BPF map ${failure.map}, only ${formatKnown(failure.known)}`
    case 'NoSuchConstant':
      return `No load-time constant ${failure.constant}, only ${formatKnown(failure.known)}`
    case 'ConstantTooLong':
      return `Load-time constant ${failure.constant} has room for ${failure.roomOctets} octets, not ${failure.lengthOctets}`
    case 'HookTaken':
      return `The tc filter of ${failure.device} that Balise would use belongs to ${failure.by}`
    case 'MechanismMissing':
      return `This kernel has no ${failure.mechanism} (Linux 6.6 and newer do)`
  }
}

function withLines(sentence: string, lines: readonly string[]): string {
  return lines.length === 0 ? sentence : `${sentence}:\n${lines.join('\n')}`
}

/** The verifier's verdict stands at the end of its log, after everything that it looked at; `failure` has the whole. */
const VERIFIER_LINES = 20

function lastLines(log: string): readonly string[] {
  const lines = log.trimEnd().split('\n')
  const left = lines.length - VERIFIER_LINES
  return left <= 0 ? lines : [`(${left} lines before)`, ...lines.slice(left)]
}

function formatKnown(names: readonly string[]): string {
  return names.length === 0 ? 'none at all' : names.join(', ')
}

function formatLayout(layout: MapLayout): string {
  const { type, keyLengthOctets, valueLengthOctets, maxEntries, flags } = layout
  return `type ${type}, keys of ${keyLengthOctets} and values of ${valueLengthOctets} octets, ${maxEntries} entries, flags ${flags}`
}
