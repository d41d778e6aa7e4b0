/** Whether a real API server takes what the chart renders to, field by field. */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { missingForApiServer } from './api-server.ts'
import { type KubeServer, startKubeServer } from './kube-server.ts'

const GOLDEN = join(import.meta.dirname, '../chart/testdata')
const RENDERED = readdirSync(GOLDEN).filter((name) => name.endsWith('.yaml'))

/** With securityContext.privileged: true. */
const PRIVILEGED = 'further.yaml'

const missing = missingForApiServer()
suite('the objects of the chart on a real server', { skip: missing ?? false }, () => {
  let kube: KubeServer
  before(async () => {
    kube = await startKubeServer()
    kube.kubectl(['create', 'namespace', 'network'])
  })
  after(() => kube.close())

  test('there are renders to try', () => {
    assert.ok(RENDERED.length >= 8)
  })

  for (const name of RENDERED.filter((file) => file !== PRIVILEGED)) {
    test(`it takes ${name} without a complaint or a warning`, () => {
      assert.match(tried(name), /daemonset\.apps\/balise created \(server dry run\)/)
    })
  }

  test(`a server that allows no privileged containers refuses just ${PRIVILEGED}, which asks for one`, () => {
    assert.throws(() => tried(PRIVILEGED), /securityContext\.privileged: Forbidden/)
  })

  function tried(name: string): string {
    const strictly = ['--validate=strict', '--warnings-as-errors']
    return kube.kubectl(['apply', '--dry-run=server', ...strictly, '-f', join(GOLDEN, name)])
  }
})
