import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseApiWrites, writesBetween } from './api-writes.ts'

const BEFORE = `# HELP apiserver_request_total requests
apiserver_request_total{code="200",resource="services",scope="resource",subresource="status",verb="PATCH",version="v1"} 2
apiserver_request_total{code="200",resource="services",scope="cluster",subresource="",verb="LIST",version="v1"} 9
`
const AFTER = `${BEFORE}apiserver_request_total{code="409",resource="services",subresource="status",verb="PATCH"} 3
apiserver_request_total{code="200",resource="leases",subresource="",verb="PUT"} 7
apiserver_request_total{code="201",resource="events",subresource="",verb="POST"} 1
`

test('parseApiWrites() adds up writes of all answers, and counts neither reads nor Leases', () => {
  assert.deepEqual(
    [...parseApiWrites(AFTER)],
    [
      ['PATCH services/status', 5],
      ['POST events', 1],
    ],
  )
})

test('writesBetween() names what was written since', () => {
  const [before, after] = [parseApiWrites(BEFORE), parseApiWrites(AFTER)]
  assert.deepEqual(writesBetween(before, after), { 'PATCH services/status': 3, 'POST events': 1 })
  assert.deepEqual(writesBetween(after, after), {})
})
