import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import { checkValues, type Finding, isMistake } from '#values/check.ts'
import type { Json } from '#values/row.ts'
import { VALUE_TABLE } from '#values/table.ts'

export interface CheckedFile {
  readonly file: string
  /** Whether Helm would install it. */
  readonly installable: boolean
  readonly findings: readonly Finding[]
}

export async function runValuesCheck(outside: Outside, paths: readonly string[]): Promise<readonly CheckedFile[]> {
  const checked: CheckedFile[] = []
  for (const path of paths) {
    const findings = checkValues(readValues(path, await outside.readText(path)), VALUE_TABLE)
    checked.push({ file: path, installable: !findings.some(isMistake), findings })
  }
  return checked
}

/** As Helm reads it: YAML 1.1, one document. */
function readValues(path: string, text: string): Json {
  const [first, ...others] = parseYaml(text, '1.1')
  if (others.length > 0) {
    throw new CliError(
      `The file ${path} holds several documents, of which Helm reads the first alone`,
      'make one of them',
    )
  }
  if (first === undefined) return null
  if (first.ok) return (first.value ?? null) as Json
  throw new CliError(`The file ${path} ${first.error.problem}`, 'mend the file, and run this again')
}
