import type { Lists, Outside } from '#cli/command.ts'
import { readCluster } from './cluster.ts'
import { readSurroundings } from './surroundings.ts'
import { readDocuments } from './documents.ts'
import { migrate } from './migrate.ts'
import type { FoundObject, Migration } from './migration.ts'

/** From the files that are named, or from the cluster when none is. */
export async function runMigrateMetallb(outside: Outside, { filename: paths = [] }: Lists): Promise<Migration> {
  return migrate(paths.length === 0 ? await fromCluster(outside) : await fromFiles(outside, paths))
}

async function fromFiles(outside: Outside, paths: readonly string[]): Promise<readonly FoundObject[]> {
  const found: FoundObject[] = []
  for (const path of paths) found.push(...readDocuments(path, await outside.readText(path)))
  return found
}

async function fromCluster(outside: Outside): Promise<readonly FoundObject[]> {
  const api = await outside.openKube()
  try {
    return [...(await readCluster(api)), ...(await readSurroundings(api))]
  } finally {
    api.close()
  }
}
