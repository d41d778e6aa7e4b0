import { BpfError, type MapLayout } from './bpf-error.ts'
import { errnoName } from './errno.ts'
import { addressOf, errno } from './libc.ts'
import { collectMessages, type Handle, libbpf } from './libbpf.ts'
import { type ConstantValue, listConstants, setConstants } from './load-constants.ts'

export interface BpfObjectOptions {
  /** The ELF file that clang made. */
  readonly path: string
  /** Values of the object's `const volatile` variables (.rodata), by name. Numbers are written little-endian in the variable's length. */
  readonly constants?: Readonly<Record<string, ConstantValue>>
  /** `skip`: constants that this object does not have are left out; `refuse` (when unset): they are an error. */
  readonly unknownConstants?: 'refuse' | 'skip'
  /** Where a map shall be pinned; one that is pinned there already is used, and must have the same layout. */
  readonly pinOf?: (map: string) => string | undefined
  /** Only these are loaded; all when unset. */
  readonly programs?: readonly string[]
  /** Told of the maps before they are made; may throw, to refuse. */
  readonly beforeLoad?: (maps: readonly DeclaredMap[]) => void
}

/** A map as the object file declares it. */
export interface DeclaredMap {
  readonly name: string
  readonly layout: MapLayout
  /** Sets no pin: the map will be a new one. */
  doNotReuse(): void
}

/** A loaded object: its programs and maps live until it is closed, and after that for as long as a pin or an attachment holds them. */
export interface BpfObject {
  /** Names of the loaded programs. */
  readonly programs: readonly string[]
  readonly maps: readonly string[]
  /** Names of the constants that the object has, set or not. */
  readonly constants: readonly string[]
  /** Descriptor of a program, owned by the object. Throws `NoSuchProgram`. */
  programFd(name: string): number
  /** Descriptor of a map, owned by the object. Throws `NoSuchMap`. */
  mapFd(name: string): number
  close(): void
}

/** Opens an object file, sets its constants and pins, and loads it. Throws `BpfError`, with the verifier's words where it refused. */
export function loadBpfObject(options: BpfObjectOptions): BpfObject {
  const object = openObject(options.path)
  try {
    return loadOpened(object, options)
  } catch (cause) {
    libbpf().close(object)
    throw cause
  }
}

function openObject(path: string): Handle {
  const { result, messages } = collectMessages(() => {
    const object = libbpf().open(path, null)
    return { object, number: errno() }
  })
  if (result.object !== null) return result.object
  throw new BpfError({ code: 'BadObject', path, errno: errnoName(result.number), messages })
}

function loadOpened(object: Handle, options: BpfObjectOptions): BpfObject {
  const programs = listPrograms(object).filter((program) => select(program, options.programs))
  const maps = listMaps(object)
  const constants = listConstants(object)
  const wanted = Object.entries(options.constants ?? {})
  const skip = options.unknownConstants === 'skip'
  setConstants(object, Object.fromEntries(wanted.filter(([name]) => !skip || constants.includes(name))))
  for (const map of maps) {
    const pin = libbpf().isInternal(map.handle) ? undefined : options.pinOf?.(map.name)
    libbpf().setPinPath(map.handle, pin ?? null)
  }
  options.beforeLoad?.(maps.filter((map) => !libbpf().isInternal(map.handle)).map(declare))
  const logs = programs.map((program) => ({ program, log: giveLogBuffer(program.handle) }))
  const { result, messages } = collectMessages(() => libbpf().load(object))
  if (result < 0) throw loadError(options.path, -result, logs, messages)
  return asObject(object, programs, maps, constants)
}

interface Named {
  readonly name: string
  readonly handle: Handle
}

function listPrograms(object: Handle): readonly Named[] {
  return walk(
    (after) => libbpf().nextProgram(object, after),
    (program) => libbpf().programName(program),
  )
}

function listMaps(object: Handle): readonly Named[] {
  return walk(
    (after) => libbpf().nextMap(object, after),
    (map) => libbpf().mapName(map),
  )
}

function walk(next: (after: Handle | null) => Handle | null, name: (handle: Handle) => string): readonly Named[] {
  const found: Named[] = []
  for (let handle = next(null); handle !== null; handle = next(handle)) found.push({ name: name(handle), handle })
  return found
}

function select(program: Named, wanted: readonly string[] | undefined): boolean {
  const selected = wanted === undefined || wanted.includes(program.name)
  libbpf().setAutoload(program.handle, selected)
  return selected
}

function declare({ name, handle }: Named): DeclaredMap {
  return {
    name,
    layout: {
      type: libbpf().mapType(handle),
      keyLengthOctets: libbpf().mapKeySize(handle),
      valueLengthOctets: libbpf().mapValueSize(handle),
      maxEntries: libbpf().mapMaxEntries(handle),
      flags: libbpf().mapFlags(handle),
    },
    doNotReuse: () => void libbpf().setPinPath(handle, null),
  }
}

const LOG_ROOM_OCTETS = 1 << 20

function giveLogBuffer(program: Handle): Uint8Array {
  const log = new Uint8Array(LOG_ROOM_OCTETS)
  libbpf().setLogBuffer(program, addressOf(log), log.length)
  return log
}

/** libbpf does not say which program was refused: it is the one whose log the verifier wrote to. */
function loadError(
  path: string,
  number: number,
  logs: readonly { readonly program: Named; readonly log: Uint8Array }[],
  messages: readonly string[],
): BpfError {
  const refused = logs.find(({ log }) => log[0] !== 0)
  return new BpfError({
    code: 'LoadRefused',
    path,
    program: refused?.program.name ?? '(none in particular)',
    errno: errnoName(number),
    verifierLog: refused === undefined ? '' : textOf(refused.log),
    messages,
  })
}

function textOf(log: Uint8Array): string {
  const end = log.indexOf(0)
  return new TextDecoder().decode(log.subarray(0, end < 0 ? log.length : end)).trimEnd()
}

function asObject(
  object: Handle,
  programs: readonly Named[],
  maps: readonly Named[],
  constants: readonly string[],
): BpfObject {
  const programNames = programs.map(({ name }) => name)
  const mapNames = maps.map(({ name }) => name)
  let open = true
  return {
    programs: programNames,
    maps: mapNames,
    constants,
    programFd(name) {
      const found = programs.find((program) => program.name === name)
      if (found === undefined) throw new BpfError({ code: 'NoSuchProgram', program: name, known: programNames })
      return libbpf().programFd(found.handle)
    },
    mapFd(name) {
      const found = maps.find((map) => map.name === name)
      if (found === undefined) throw new BpfError({ code: 'NoSuchMap', map: name, known: mapNames })
      return libbpf().mapFd(found.handle)
    },
    close() {
      if (open) libbpf().close(object)
      open = false
    },
  }
}
