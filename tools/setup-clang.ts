import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The oldest clang that is tried with our sources. */
export const CLANG_LEAST = 14

/** Path of the newest clang of at least version 14 in the folders of `path`, or nothing: `clang-19` rather than `clang-14`. */
export function findClang(path: string = process.env['PATH'] ?? ''): string | undefined {
  const found = path.split(delimiter).flatMap((folder) => programs(folder).map((name) => join(folder, name)))
  return newestClang(found).find(isExecutable)
}

/** Those paths that end in `clang-<version>` and are new enough, the newest first; of the same version the first one. */
export function newestClang(paths: readonly string[]): readonly string[] {
  const version = (path: string) => Number(/(?:^|\/)clang-(\d+)$/.exec(path)?.[1] ?? 0)
  return paths.filter((path) => version(path) >= CLANG_LEAST).toSorted((a, b) => version(b) - version(a))
}

function programs(folder: string): readonly string[] {
  try {
    return readdirSync(folder === '' ? '.' : folder)
  } catch {
    return [] // PATH often names folders that are not there
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false // a dangling link of a removed package
  }
}
