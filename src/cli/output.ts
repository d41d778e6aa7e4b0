import { stringify } from 'yaml'
import type { Answer } from './command.ts'

export const OUTPUT_FORMATS = ['text', 'json', 'yaml'] as const
export type OutputFormat = (typeof OUTPUT_FORMATS)[number]

/** What goes to stdout. */
export function formatAnswer(answer: Answer, format: OutputFormat): string {
  switch (format) {
    case 'text':
      return answer.text()
    case 'json':
      return `${JSON.stringify(answer.machine, null, 2)}\n`
    case 'yaml':
      return stringify(answer.machine)
  }
}
