import koffi from 'koffi'

/** The calls of the C library that Balise makes itself. Each answers as in C; `errno()` is that of the call just made. */
export interface Libc {
  syscall(number: number, argument: number, pointer: Uint8Array, length: number): number
  memcpy(target: Uint8Array, source: bigint, length: number): void
  vsnprintf(target: Uint8Array, length: number, format: string, variadic: bigint): number
  close(fd: number): number
  if_indextoname(ifindex: number, name: Uint8Array): bigint | null
  socket(family: number, type: number, protocol: number): number
  bind(fd: number, address: Uint8Array, length: number): number
  setsockopt(fd: number, level: number, name: number, value: Uint8Array, length: number): number
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number
  send(fd: number, octets: Uint8Array, length: number, flags: number): number
  recv(fd: number, target: Uint8Array, length: number, flags: number): number
  sendto(
    fd: number,
    octets: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number
}

/** The C library of this process. Loaded at the first call. */
export const libc: () => Libc = once(() => {
  const lib = koffi.load(null)
  return {
    syscall: lib.func('syscall', 'int64_t', ['int64_t', 'int64_t', 'void *', 'uint64_t']),
    memcpy: lib.func('memcpy', 'void', ['void *', 'void *', 'size_t']),
    vsnprintf: lib.func('vsnprintf', 'int', ['void *', 'size_t', 'const char *', 'void *']),
    close: lib.func('close', 'int', ['int']),
    if_indextoname: lib.func('if_indextoname', 'void *', ['uint32_t', 'void *']),
    socket: lib.func('socket', 'int', ['int', 'int', 'int']),
    bind: lib.func('bind', 'int', ['int', 'void *', 'uint32_t']),
    setsockopt: lib.func('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t']),
    getsockopt: lib.func('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *']),
    send: lib.func('send', 'int64_t', ['int', 'void *', 'size_t', 'int']),
    recv: lib.func('recv', 'int64_t', ['int', 'void *', 'size_t', 'int']),
    sendto: lib.func('sendto', 'int64_t', ['int', 'void *', 'size_t', 'int', 'void *', 'uint32_t']),
  }
})

/** errno of the C call just made by this thread. */
export function errno(): number {
  return koffi.errno()
}

/**
 * Where `octets` lie in memory. They stay there, but only for as long as JavaScript holds on to them: keep a reference until the
 * kernel is done.
 */
export function addressOf(octets: Uint8Array): bigint {
  return koffi.address(octets)
}

/** Watches a descriptor in Node's event loop, and calls `onReadable` whenever it can be read. The answer stops it. */
export function watchReadable(fd: number, onReadable: () => void): () => void {
  const handle = koffi.node.poll(fd, { readable: true }, onReadable)
  return () => handle.close()
}

/** Calls `make` at most once. */
export function once<T extends object>(make: () => T): () => T {
  let made: T | undefined
  return () => (made ??= make())
}
