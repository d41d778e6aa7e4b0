import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import {
  readServiceL2Status,
  type ServiceL2Status,
  type ServiceL2StatusObject,
} from '#crd/metallb/service-l2-status.ts'
import { createFakeClock, settle } from '#ports/clock.fake.ts'
import { createFakeKubeApi } from '#ports/kube-api.fake.ts'
import { createFakeLog } from '#ports/log.fake.ts'
import { SERVICE_L2_STATUSES } from '#ports/kube-resources.ts'
import { announcerName, createAnnouncerWriter } from './announcer-writer.ts'
import { createReports } from '#agents/operator/reports.ts'

const STATUS: ServiceL2Status = { node: 'cp1', serviceNamespace: 'shop', serviceName: 'web', interfaces: ['eth0'] }
const NAME = announcerName(STATUS)
const WANTED = new Map([[NAME, STATUS]])
type Shown = ReadonlyMap<string, ServiceL2StatusObject>
const NOTHING: Shown = new Map()

function writerOn(t: TestContext) {
  const clock = createFakeClock()
  const api = createFakeKubeApi()
  const reports = createReports(createFakeLog())
  const controller = new AbortController()
  const options = { api, namespace: 'lb', clock, random: () => 0.5, reports }
  const writer = createAnnouncerWriter(options, controller.signal)
  t.after(() => writer.close())
  return {
    api,
    async settle(wanted: ReadonlyMap<string, ServiceL2Status>, shown: Shown): Promise<void> {
      writer.settle(wanted, shown)
      await settle()
      await clock.advance(100)
      await settle()
    },
    verbs: () => api.requests.map(({ verb }) => verb),
    shown: (): Shown =>
      new Map(api.objects(SERVICE_L2_STATUSES).map((object) => [object.metadata.name, readServiceL2Status(object)])),
  }
}

test('createAnnouncerWriter() makes the object and its status once, however long the watch takes to show it', async (t) => {
  const { settle: look, verbs, shown } = writerOn(t)
  await look(WANTED, NOTHING)
  assert.deepEqual(verbs(), ['create', 'patch'])
  const final = shown()
  assert.deepEqual(final.get(NAME)?.status, STATUS)
  await look(WANTED, NOTHING)
  await look(WANTED, new Map([[NAME, { name: NAME, resourceVersion: '1', status: undefined }]]))
  await look(WANTED, final)
  assert.deepEqual(verbs(), ['create', 'patch'])
})

test('createAnnouncerWriter() finishes an object whose status was never written', async (t) => {
  const { api, settle: look, verbs, shown } = writerOn(t)
  api.put({ apiVersion: 'metallb.io/v1beta1', kind: 'ServiceL2Status', metadata: { name: NAME, namespace: 'lb' } })
  await look(WANTED, shown())
  assert.deepEqual([verbs(), shown().get(NAME)?.status], [['patch'], STATUS])
})

test('createAnnouncerWriter() makes anew what somebody deleted, and follows the interfaces', async (t) => {
  const { api, settle: look, shown } = writerOn(t)
  await look(WANTED, NOTHING)
  await look(WANTED, shown())
  await api.delete(SERVICE_L2_STATUSES, { namespace: 'lb', name: NAME })
  await look(WANTED, NOTHING)
  const more = new Map([[NAME, { ...STATUS, interfaces: ['eth0', 'eth1'] }]])
  await look(more, shown())
  assert.deepEqual(shown().get(NAME)?.status?.interfaces, ['eth0', 'eth1'])
  await api.delete(SERVICE_L2_STATUSES, { namespace: 'lb', name: NAME })
  await look(more, NOTHING)
  assert.deepEqual(shown().get(NAME)?.status?.interfaces, ['eth0', 'eth1'])
})

test('createAnnouncerWriter() takes away what is not wanted, also when it is gone already', async (t) => {
  const { settle: look, verbs, shown } = writerOn(t)
  await look(WANTED, NOTHING)
  const before = shown()
  await look(new Map(), before)
  assert.equal(shown().size, 0)
  await look(new Map(), before)
  assert.deepEqual(verbs(), ['create', 'patch', 'delete'])
})

test('announcerName() is the same for the same Service and node, and no other', () => {
  const others = [
    { ...STATUS, node: 'cp2' },
    { ...STATUS, serviceName: 'api' },
    { ...STATUS, serviceNamespace: 'x' },
  ]
  assert.equal(new Set([STATUS, ...others].map(announcerName)).size, 4)
  assert.equal(announcerName({ ...STATUS, interfaces: [] }), NAME)
  assert.match(NAME, /^l2-[0-9a-f]{16}$/)
})
