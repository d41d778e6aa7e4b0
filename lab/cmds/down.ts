import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { labNames } from '#lab/state/lab-state.ts'
import { tracesOf } from '#lab/traces.ts'
import { takeDown, takeDownAll } from '#lab/take-down.ts'

/** Takes one lab down, or all; gives the exit code. */
export async function down(
  options: { readonly name: string | undefined; readonly all: boolean },
  write: (line: string) => void,
): Promise<number> {
  const hierarchies = readHierarchies()
  if (options.all) {
    const labs = await takeDownAll(hierarchies)
    write(labs.length === 0 ? 'No lab was there' : `Took down ${labs.join(', ')}`)
    return 0
  }
  const names = labNames()
  const name = options.name ?? (names.length === 1 ? names[0] : undefined)
  if (name === undefined) {
    write(
      names.length === 0
        ? 'No lab is up'
        : `Several labs are up (${names.join(', ')}): say which with --name, or --all`,
    )
    return names.length === 0 ? 0 : 2
  }
  const left = tracesOf(name).length > 0
  await takeDown(name, hierarchies)
  write(left ? `Took down ${name}` : `Nothing was left of a lab ${name}`)
  return 0
}
