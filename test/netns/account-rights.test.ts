/** Whether the accounts of the chart may do what docs/rights.md says, and nothing else, as a real API server sees it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parseAllDocuments, stringify } from 'yaml'
import { missingForApiServer } from './api-server.ts'
import { type KubeServer, startKubeServer } from './kube-server.ts'

const TOP = join(import.meta.dirname, '../..')
const NAMESPACE = 'kube-system'
const RIGHTS = ['ServiceAccount', 'ClusterRole', 'ClusterRoleBinding', 'Role', 'RoleBinding']
const ACCOUNTS = [
  { account: 'balise', sections: ['agent-rights', 'agent-options'] },
  { account: 'balise-operator', sections: ['operator-rights', 'operator-options'] },
  { account: 'balise-test', sections: ['test-rights'] },
] as const
const RENDERS = [
  { golden: 'default', many: 1 },
  { golden: 'metallb', many: 2 },
] as const

const missing = missingForApiServer()
suite('the rights of the accounts', { skip: missing ?? false }, () => {
  let kube: KubeServer
  before(async () => {
    kube = await startKubeServer()
  })
  after(() => kube.close())

  for (const { golden, many } of RENDERS) {
    for (const { account, sections } of ACCOUNTS) {
      test(`${account} may do what is documented, and no more, as rendered for ${golden}`, () => {
        kube.kubectl(['apply', '-f', '-'], rightsIn(golden))
        const documented = sections.slice(0, many).flatMap(documentedRights)
        assert.ok(documented.length > 0)
        assert.deepEqual(allowed(account, NAMESPACE), merged(documented))
        assert.deepEqual(allowed(account, 'default'), merged(documented.filter(({ place }) => place === 'cluster')))
      })
    }
  }

  /** By resource and names, the verbs; without what everyone may do. */
  function allowed(account: string, namespace: string): ReadonlyMap<string, readonly string[]> {
    const everyones = new Set(listed('nobody-at-all', namespace).map((line) => JSON.stringify(line)))
    return merged(listed(account, namespace).filter((line) => !everyones.has(JSON.stringify(line))))
  }

  function listed(account: string, namespace: string): readonly Right[] {
    const as = `system:serviceaccount:${NAMESPACE}:${account}`
    return kube
      .kubectl(['auth', 'can-i', '--list', `--as=${as}`, '--namespace', namespace, '--no-headers'])
      .split('\n')
      .flatMap((line) => {
        const [, resource = '', urls = '', names = '', verbs = ''] =
          /^(\S*)\s+\[(.*?)\]\s+\[(.*?)\]\s+\[(.*?)\]\s*$/.exec(line) ?? []
        return verbs === '' ? [] : [{ resource: `${resource}${urls}`, names: words(names), verbs: words(verbs) }]
      })
  }
})

interface Right {
  readonly resource: string
  readonly names: readonly string[]
  readonly verbs: readonly string[]
}

function rightsIn(golden: string): string {
  const rendered = readFileSync(join(TOP, 'test/chart/testdata', `${golden}.yaml`), 'utf8')
  const objects = parseAllDocuments(rendered).map((document) => document.toJS() as { readonly kind: string } | null)
  return objects
    .filter((object) => object !== null && RIGHTS.includes(object.kind))
    .map((object) => stringify(object))
    .join('---\n')
}

/** The rows of a table of docs/rights.md. */
function documentedRights(section: string): readonly (Right & { readonly place: string })[] {
  const document = readFileSync(join(TOP, 'docs/rights.md'), 'utf8')
  const text = document.slice(document.indexOf(`<!-- ${section} -->`), document.indexOf(`<!-- /${section} -->`))
  return [...text.matchAll(/^\| `(?<resource>\S+)` \| (?<names>.+?) \| (?<verbs>.+?) \| (?<place>.+?) \|$/gm)].map(
    ({ groups: { resource = '', names = '', verbs = '', place = '' } = {} }) => ({
      resource,
      names: names === 'all' ? [] : names.replaceAll('`', '').split(', '),
      verbs: verbs.split(', '),
      place,
    }),
  )
}

function merged(rights: readonly Right[]): ReadonlyMap<string, readonly string[]> {
  const verbs = new Map<string, Set<string>>()
  for (const right of rights) {
    const key = `${right.resource} ${right.names.toSorted().join()}`
    const known = verbs.get(key) ?? new Set()
    for (const verb of right.verbs) known.add(verb)
    verbs.set(key, known)
  }
  const entries = [...verbs].map(([key, known]) => [key, [...known].toSorted()] as const)
  return new Map(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

function words(text: string): readonly string[] {
  return text.split(' ').filter((word) => word !== '')
}
