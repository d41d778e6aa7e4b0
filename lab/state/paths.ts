import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { LabError } from './lab-error.ts'

/** Where all labs of a machine keep what they have; `BALISE_LAB_STATE` puts it elsewhere (it needs a file system that overlayfs can write on). */
export const STATE_ROOT: string = process.env['BALISE_LAB_STATE'] ?? '/var/lib/balise-lab'

/** The checkout that this lab runs from. */
export const CHECKOUT: string = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** What a lab may be called: it is part of folders' and namespaces' names. */
const LAB_NAME = /^[a-z0-9]([-a-z0-9]{0,30}[a-z0-9])?$/

/** Can a lab have this name? */
export function isLabName(text: string): boolean {
  return LAB_NAME.test(text)
}

/** The folder of one lab, and what is where in it. A name that is none throws: the folder is one that gets removed. */
export function labDir(lab: string): string {
  if (!isLabName(lab)) throw new LabError(`Not a name of a lab: ${JSON.stringify(lab)}; at most 32 of a-z, 0-9 and -`)
  return join(STATE_ROOT, lab)
}

export function labPath(lab: string, ...parts: readonly string[]): string {
  return join(labDir(lab), ...parts)
}

/** The folder of one host: `root` (mount point), `disk` (what outlives a crash), `log`, `pid`. */
export function hostPath(lab: string, host: string, ...parts: readonly string[]): string {
  return labPath(lab, 'hosts', host, ...parts)
}

/** Certificates and the keys of the cluster. */
export function pkiPath(lab: string, ...parts: readonly string[]): string {
  return labPath(lab, 'pki', ...parts)
}
