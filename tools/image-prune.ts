/** Takes out of an image's file system what came along with a package and is never used there: less to load, and less to patch. */
import { globSync, readlinkSync, rmSync } from 'node:fs'
import { basename, join } from 'node:path'
import { findElfSection, textAt } from './elf-section.ts'

/** Tag of an entry of the dynamic section that names a library; an entry is two words of 64 bits (System V ABI chapter 5). */
const DT_NEEDED = 1n
const ENTRY_OCTETS = 16

/** Removes every program of the packages below `root` that is not among `kept`. */
export function keepPrograms(root: string, kept: readonly string[]): void {
  for (const path of globSync('usr/{bin,sbin}/*', { cwd: root })) {
    if (!kept.includes(basename(path))) rmSync(join(root, path))
  }
}

/**
 * Removes from `usr/lib/<triplet>` every library that neither a program below `root` needs, nor one of the files `beside` it, nor any library
 * that stays; and the folders there: they hold plugins of libraries. `opened` are names of libraries that a program opens while it runs.
 */
export function keepNeededLibraries(root: string, opened: readonly string[], beside: readonly string[]): void {
  const libraries = new Map(
    globSync('usr/lib/*/*.so*', { cwd: root }).map((path) => [basename(path), join(root, path)]),
  )
  const kept = new Set<string>()
  const keep = (name: string): void => {
    const path = libraries.get(name)
    if (path === undefined || kept.has(name)) return
    kept.add(name)
    const target = linkTarget(path)
    const next = target === undefined ? neededLibraries(path) : [basename(target)]
    next.forEach(keep)
  }
  const programs = globSync('usr/{bin,sbin}/*', { cwd: root }).map((path) => join(root, path))
  for (const file of [...programs, ...beside]) {
    if (linkTarget(file) === undefined) neededLibraries(file).forEach(keep)
  }
  opened.forEach(keep)
  for (const [name, path] of libraries) if (!kept.has(name)) rmSync(path)
  for (const path of globSync('usr/lib/*-linux-*/*/', { cwd: root })) rmSync(join(root, path), { recursive: true })
}

/** Names of the libraries that the loader brings for an ELF file; none for a static program. Throws when it is no ELF file. */
export function neededLibraries(path: string): readonly string[] {
  const dynamic = findElfSection(path, '.dynamic')
  const strings = findElfSection(path, '.dynstr')
  if (dynamic === undefined || strings === undefined) return []
  const view = new DataView(dynamic.buffer, dynamic.byteOffset, dynamic.byteLength)
  const names: string[] = []
  for (let at = 0; at + ENTRY_OCTETS <= dynamic.length; at += ENTRY_OCTETS) {
    if (view.getBigUint64(at, true) === DT_NEEDED) names.push(textAt(strings, Number(view.getBigUint64(at + 8, true))))
  }
  return names
}

/** Where a symbolic link leads; none for what is no link. */
function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EINVAL') return undefined
    throw error
  }
}
