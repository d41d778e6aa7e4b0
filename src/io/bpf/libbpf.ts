import koffi, { type LibraryHandle } from 'koffi'
import { BpfError } from './bpf-error.ts'
import { libc, once } from './libc.ts'

/** A pointer to something of libbpf's own; never 0. */
export type Handle = bigint

/** What Balise uses of libbpf 1.x. Functions that return a number give minus the error number when they fail. */
export interface Libbpf {
  open(path: string, options: Uint8Array | null): Handle | null
  load(object: Handle): number
  close(object: Handle): void
  btf(object: Handle): Handle | null
  nextProgram(object: Handle, after: Handle | null): Handle | null
  nextMap(object: Handle, after: Handle | null): Handle | null
  programName(program: Handle): string
  programFd(program: Handle): number
  setAutoload(program: Handle, on: boolean): number
  setLogBuffer(program: Handle, buffer: bigint, length: number): number
  mapName(map: Handle): string
  mapFd(map: Handle): number
  mapType(map: Handle): number
  mapKeySize(map: Handle): number
  mapValueSize(map: Handle): number
  mapMaxEntries(map: Handle): number
  mapFlags(map: Handle): number
  isInternal(map: Handle): boolean
  setPinPath(map: Handle, path: string | null): number
  setMaxEntries(map: Handle, entries: number): number
  initialValue(map: Handle, length: BigUint64Array): bigint | null
  setInitialValue(map: Handle, value: Uint8Array, length: number): number
  btfRawData(btf: Handle, length: Uint32Array): bigint | null
  possibleCpus(): number
  tcHookCreate(hook: Uint8Array): number
  tcAttach(hook: Uint8Array, options: Uint8Array): number
  tcDetach(hook: Uint8Array, options: Uint8Array): number
  tcQuery(hook: Uint8Array, options: Uint8Array): number
}

/** The shared library. Throws `NoLibbpf` where it is not installed. */
export const libbpf: () => Libbpf = once(() => {
  const lib = openLibrary()
  captureMessages(lib)
  return {
    open: lib.func('bpf_object__open_file', 'void *', ['const char *', 'void *']),
    load: lib.func('bpf_object__load', 'int', ['void *']),
    close: lib.func('bpf_object__close', 'void', ['void *']),
    btf: lib.func('bpf_object__btf', 'void *', ['void *']),
    nextProgram: lib.func('bpf_object__next_program', 'void *', ['void *', 'void *']),
    nextMap: lib.func('bpf_object__next_map', 'void *', ['void *', 'void *']),
    programName: lib.func('bpf_program__name', 'const char *', ['void *']),
    programFd: lib.func('bpf_program__fd', 'int', ['void *']),
    setAutoload: lib.func('bpf_program__set_autoload', 'int', ['void *', 'bool']),
    setLogBuffer: lib.func('bpf_program__set_log_buf', 'int', ['void *', 'void *', 'size_t']),
    mapName: lib.func('bpf_map__name', 'const char *', ['void *']),
    mapFd: lib.func('bpf_map__fd', 'int', ['void *']),
    mapType: lib.func('bpf_map__type', 'int', ['void *']),
    mapKeySize: lib.func('bpf_map__key_size', 'uint32_t', ['void *']),
    mapValueSize: lib.func('bpf_map__value_size', 'uint32_t', ['void *']),
    mapMaxEntries: lib.func('bpf_map__max_entries', 'uint32_t', ['void *']),
    mapFlags: lib.func('bpf_map__map_flags', 'uint32_t', ['void *']),
    isInternal: lib.func('bpf_map__is_internal', 'bool', ['void *']),
    setPinPath: lib.func('bpf_map__set_pin_path', 'int', ['void *', 'const char *']),
    setMaxEntries: lib.func('bpf_map__set_max_entries', 'int', ['void *', 'uint32_t']),
    initialValue: lib.func('bpf_map__initial_value', 'void *', ['void *', 'void *']),
    setInitialValue: lib.func('bpf_map__set_initial_value', 'int', ['void *', 'void *', 'size_t']),
    btfRawData: lib.func('btf__raw_data', 'void *', ['void *', 'void *']),
    possibleCpus: lib.func('libbpf_num_possible_cpus', 'int', []),
    tcHookCreate: lib.func('bpf_tc_hook_create', 'int', ['void *']),
    tcAttach: lib.func('bpf_tc_attach', 'int', ['void *', 'void *']),
    tcDetach: lib.func('bpf_tc_detach', 'int', ['void *', 'void *']),
    tcQuery: lib.func('bpf_tc_query', 'int', ['void *', 'void *']),
  }
})

function openLibrary(): LibraryHandle {
  try {
    return koffi.load('libbpf.so.1')
  } catch (cause) {
    throw new BpfError({ code: 'NoLibbpf', reason: cause instanceof Error ? cause.message : String(cause) }, { cause })
  }
}

/** What libbpf said, as warning, while `work` ran. It would print that to stderr otherwise. */
export function collectMessages<T>(work: () => T): { readonly result: T; readonly messages: readonly string[] } {
  heard.length = 0
  return { result: work(), messages: heard.splice(0).map((message) => message.trimEnd()) }
}

const heard: string[] = []
const WARNING = 0
const MOST_MESSAGES = 100
const MESSAGE_ROOM_OCTETS = 2048

/** libbpf hands out a format and a `va_list`; vsnprintf makes a text of both. */
function captureMessages(lib: LibraryHandle): void {
  const printer = koffi.pointer(koffi.proto('int', ['int', 'const char *', 'void *']))
  const print = (level: number, format: string, variadic: bigint): number => {
    if (level === WARNING && heard.length < MOST_MESSAGES) {
      const text = new Uint8Array(MESSAGE_ROOM_OCTETS)
      libc().vsnprintf(text, text.length, format, variadic)
      heard.push(new TextDecoder().decode(text.subarray(0, text.indexOf(0))))
    }
    return 0
  }
  lib.func('libbpf_set_print', 'void *', [printer])(koffi.register(print, printer))
}
