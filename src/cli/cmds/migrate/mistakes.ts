import type { Mistake } from '#model/condition.ts'
import type { Note } from './migration.ts'

export function mistakeNotes(mistakes: readonly Mistake[]): readonly Note[] {
  return mistakes.map(({ path, value, problem, remedy }) => ({
    kind: 'mistake',
    what: value === '' ? path : `${path} ${JSON.stringify(value)}`,
    text: `${problem}: ${remedy}`,
  }))
}
