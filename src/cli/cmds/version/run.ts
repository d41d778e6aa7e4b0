import { arch, release } from 'node:os'
import { BALISE_VERSION } from '#model/version.ts'

export interface VersionData {
  readonly version: 1
  readonly balise: string
  readonly node: string
  readonly kernel: string
  /** `x64`, `arm64` */
  readonly architecture: string
}

export function runVersion(): VersionData {
  return { version: 1, balise: BALISE_VERSION, node: process.versions.node, kernel: release(), architecture: arch() }
}
