import { readFileSync } from 'node:fs'

/** A section of a 64-bit little-endian ELF file by its name (System V ABI chapter 4). Throws when there is none. */
export function readElfSection(path: string, wanted: string): Uint8Array {
  const section = findElfSection(path, wanted)
  if (section === undefined) throw new Error(`${path} has no section ${wanted}`)
  return section
}

/** The same; `undefined` when the file has no such section. Throws when it is no such file. */
export function findElfSection(path: string, wanted: string): Uint8Array | undefined {
  const file = readFileSync(path)
  if (file.readUInt32BE(0) !== 0x7f45_4c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error(`${path} is no such ELF file`)
  const table = Number(file.readBigUInt64LE(0x28))
  const entryLength = file.readUInt16LE(0x3a)
  const count = file.readUInt16LE(0x3c)
  const section = (index: number): Uint8Array => {
    const at = table + index * entryLength
    const start = Number(file.readBigUInt64LE(at + 0x18))
    return file.subarray(start, start + Number(file.readBigUInt64LE(at + 0x20)))
  }
  const names = section(file.readUInt16LE(0x3e))
  for (let index = 0; index < count; index++) {
    if (textAt(names, file.readUInt32LE(table + index * entryLength)) === wanted) return section(index)
  }
  return undefined
}

/** The text at `offset`, up to its 0. */
export function textAt(octets: Uint8Array, offset: number): string {
  const end = octets.indexOf(0, offset)
  return new TextDecoder().decode(octets.subarray(offset, end < 0 ? octets.length : end))
}
