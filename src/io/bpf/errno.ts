import { constants } from 'node:os'

/** Of the kernel alone, not of the C library: what BPF commands answer that a map type does not have (include/linux/errno.h). */
export const ENOTSUPP = 524

const NAMES: ReadonlyMap<number, string> = new Map([
  ...Object.entries(constants.errno)
    .filter(([name]) => name !== 'EWOULDBLOCK' && name !== 'EOPNOTSUPP')
    .map(([name, number]): [number, string] => [number, name]),
  [constants.errno.EOPNOTSUPP, 'EOPNOTSUPP'],
  [7, 'E2BIG'],
  [105, 'ENOBUFS'],
  [108, 'ESHUTDOWN'],
  [116, 'ESTALE'],
  [ENOTSUPP, 'ENOTSUPP'],
])

/** The kernel's name of an error number (asm-generic/errno.h): `EPERM`; `errno 999` for one that has none here. */
export function errnoName(number: number): string {
  return NAMES.get(number) ?? `errno ${number}`
}
