import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { DEFAULT_IPAM } from '#ipam/ownership.ts'
import { createAllocationSource } from './allocation-source.ts'
import { createLedger } from '#agents/operator/status/ledger.ts'
import { NO_METALLB } from '#agents/operator/metallb/metallb-source.ts'
import { poolRecord, serviceRecord, type ServiceRecord } from '#agents/operator/records.ts'

const lab = poolRecord({ metadata: { name: 'lab' }, spec: { blocks: [{ start: '10.0.0.1', stop: '10.0.0.9' }] } })
const pools = new Map([['lab', lab]])

function service(name: string, ...shown: readonly string[]): ServiceRecord {
  const status = { loadBalancer: { ingress: shown.map((ip) => ({ ip })) } }
  const spec = { type: 'LoadBalancer', ipFamilies: ['IPv4'] }
  const record = serviceRecord({ metadata: { name, namespace: 'n', resourceVersion: '1' }, spec, status })
  return record ?? assert.fail('no Service')
}

function addressesOf(ledger = createLedger(), ...records: readonly ServiceRecord[]): readonly string[] {
  const services = new Map(records.map((record) => [`n/${record.name}`, record]))
  const take = (): ReadonlySet<string> => new Set(services.keys())
  const source = createAllocationSource({ settings: DEFAULT_IPAM, ledger, services: { take } })
  const { outcome } = source.look({ pools, metallb: NO_METALLB, policies: new Map(), namespaces: new Map(), services })
  return [...services.keys()].map((key) => `${key} ${outcome.assignments.get(key)?.addresses.map(formatIp).join()}`)
}

test('an allocation that starts anew knows all Services again, and what their statuses show', () => {
  const services = new Map([['n/a', service('a', '10.0.0.3')]])
  const told = [new Set(['n/a'])]
  const take = (): ReadonlySet<string> => told.shift() ?? new Set()
  const source = createAllocationSource({ settings: DEFAULT_IPAM, ledger: createLedger(), services: { take } })
  const view = { pools, metallb: NO_METALLB, policies: new Map(), namespaces: new Map(), services }
  source.look(view)
  assert.deepEqual([...source.look(view).changed], [], 'nothing has happened')
  source.startAnew()
  const { changed, outcome } = source.look(view)
  assert.deepEqual([...changed], ['n/a'])
  assert.deepEqual(outcome.assignments.get('n/a')?.addresses.map(formatIp), ['10.0.0.3'])
})

test('an allocation counts an address as held that was sent and not answered', () => {
  const ledger = createLedger()
  const web = service('web')
  const addresses = [mustParseIp('10.0.0.1')]
  ledger.begin('n/web', web, { conditions: [], ingress: [], addresses })
  assert.deepEqual(addressesOf(ledger, service('a'), web), ['n/a 10.0.0.2', 'n/web 10.0.0.1'])
})

test('an allocation keeps off every address that an unanswered Service may show', () => {
  const ledger = createLedger()
  const web = service('web', '10.0.0.1')
  for (const sent of ['10.0.0.2', '10.0.0.3']) {
    ledger.begin('n/web', web, { conditions: [], ingress: [], addresses: [mustParseIp(sent)] })
  }
  assert.deepEqual(addressesOf(ledger, service('a'), web), ['n/a 10.0.0.4', 'n/web 10.0.0.3'])
})

test('an allocation frees what a confirmed write took away', () => {
  const ledger = createLedger()
  const web = service('web', '10.0.0.1')
  ledger.begin('n/web', web, { conditions: [], ingress: [], addresses: [mustParseIp('10.0.0.5')] })
  ledger.confirm('n/web', '2')
  assert.deepEqual(addressesOf(ledger, service('a'), web), ['n/a 10.0.0.1', 'n/web 10.0.0.5'])
})
