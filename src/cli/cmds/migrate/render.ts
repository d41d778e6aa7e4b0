import { stringify } from 'yaml'
import type { Migration, Note, NoteKind, Outcome } from './migration.ts'

/** YAML that `kubectl apply -f -` takes; what is not kept stands in comments above the manifests of each object. */
export function renderMigration({ outcomes }: Migration): string {
  if (outcomes.length === 0) return '# There is no configuration of MetalLB here.\n'
  const head = [
    '# What becomes of the configuration of MetalLB in the kinds of Cilium. Read the comments, then apply this with kubectl apply -f -.',
    '# It need not be applied: with metallb.enabled: true in its chart Balise reads IPAddressPool, L2Advertisement and the old ConfigMap as they are.',
    '# Annotations of Services (metallb.io/*, metallb.universe.tf/*) stay as they are: Balise reads them.',
  ]
  return `${head.join('\n')}\n${outcomes.map(renderOutcome).join('')}`
}

const WORDS: { readonly [K in NoteKind]: string } = {
  mistake: 'MISTAKE',
  notTakenOver: 'NOT TAKEN OVER',
  lost: 'LOST',
  differs: 'DIFFERS',
}

function renderOutcome({ subject, source, manifests, notes }: Outcome): string {
  const names = manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`).join(', ')
  const lines = [`${subject} (${source})${names === '' ? '' : ` becomes ${names}`}`, ...notes.map(renderNote)]
  const comments = lines.flatMap((line) => line.split(/\r\n|\r|\n/)).map((line) => `# ${line}\n`)
  return ['\n', ...comments, ...manifests.map((manifest) => `---\n${stringify(manifest)}`)].join('')
}

function renderNote({ kind, what, text }: Note): string {
  return `  ${WORDS[kind]}: ${what === '' ? '' : `${what}: `}${text}`
}
