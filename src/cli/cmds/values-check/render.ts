import { formatTable } from '#cli/table.ts'
import { type Finding, isMistake } from '#values/check.ts'
import { sayMistake } from '#values/say.ts'
import type { CheckedFile } from './run.ts'

/** By file: what keeps it from being installed, what is not there, what has no effect, what works. */
export function renderValuesCheck(files: readonly CheckedFile[]): string {
  return files.map(renderFile).join('\n')
}

type Ignored = Extract<Finding, { readonly kind: 'ignored' }>

function renderFile({ file, findings, installable }: CheckedFile): string {
  const ignored = findings.filter((finding) => finding.kind === 'ignored')
  const lines = [
    `${file}: ${installable ? 'can be installed' : 'cannot be installed'}\n`,
    section('Mend first', findings.filter(isMistake).map(sayMistake)),
    section('Not in this version', notes(ignored.filter(({ lacking, said }) => lacking && said))),
    section(
      'Without effect: it is so anyway, or not needed',
      notes(ignored.filter(({ lacking, said }) => !lacking && said)),
    ),
    section("Without effect: Cilium's default", notes(ignored.filter(({ said }) => !said))),
    works(findings),
  ]
  return lines.join('')
}

function section(heading: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `\n${heading}:\n${lines.map((line) => `  ${line}\n`).join('')}`
}

/** A line for each note, behind the keys that it is about. */
function notes(ignored: readonly Ignored[]): readonly string[] {
  return [...Map.groupBy(ignored, ({ note }) => note)].map(
    ([note, group]) => `${group.map(({ key }) => key).join(', ')}: ${note}`,
  )
}

/** What is not also a part of a contradiction, which is told above. */
function works(findings: readonly Finding[]): string {
  const contradicting = findings.flatMap((finding) => (finding.kind === 'contradiction' ? finding.keys : []))
  const rows = findings.flatMap((finding) =>
    finding.kind === 'implemented' && !contradicting.includes(finding.key) ? [[`  ${finding.key}`, finding.note]] : [],
  )
  return rows.length === 0 ? '' : `\nWorks:\n${formatTable(rows)}`
}
