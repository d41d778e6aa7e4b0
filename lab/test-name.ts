import { existsSync } from 'node:fs'
import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { labNames } from '#lab/state/lab-state.ts'
import { takeDown } from '#lab/take-down.ts'

/**
 * A name for the lab of a test, which no other run of the same test has: `blt-PURPOSE-PID`. Labs of this purpose whose process is
 * gone were left by a test that was killed; they are taken down first.
 */
export async function testLabName(purpose: string): Promise<string> {
  const mine = `blt-${purpose}-${process.pid}`
  for (const name of labNames()) {
    const pid = new RegExp(`^blt-${purpose}-(\\d+)$`).exec(name)?.[1]
    if (pid !== undefined && (name === mine || !existsSync(`/proc/${pid}`))) await takeDown(name, readHierarchies())
  }
  return mine
}
