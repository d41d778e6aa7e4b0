import { test } from 'node:test'
import { assertGolden } from '#cli/golden.ts'
import { SAMPLE_NOW_MS, SAMPLE_STATUS } from '#cli/sample-answers.ts'
import { renderStatus } from './render.ts'

test('renderStatus() shows keys, then problems', (t) => {
  const text = renderStatus(SAMPLE_STATUS, { nowMs: SAMPLE_NOW_MS, verbose: false })
  assertGolden(t, import.meta.dirname, 'status.txt', text)
})

test('renderStatus() shows tables between them when verbose', (t) => {
  const text = renderStatus(SAMPLE_STATUS, { nowMs: SAMPLE_NOW_MS, verbose: true })
  assertGolden(t, import.meta.dirname, 'status-verbose.txt', text)
})

test('renderStatus() says what is off, and that there is no problem', (t) => {
  const { l2, datapath, kubernetes } = SAMPLE_STATUS
  const status = {
    ...SAMPLE_STATUS,
    state: 'starting' as const,
    problems: [],
    kubernetes: { ...kubernetes, state: 'unreachable' as const, lastAnswerAt: null },
    datapath: {
      ...datapath,
      cgroup: null,
      devices: [],
      audit: { ...datapath.audit, differences: ['lb4_services: 1'] },
    },
    l2: { ...l2, enabled: false, lease: { ...l2.lease, confirmedAgoMs: null, error: 'forbidden' } },
  }
  assertGolden(t, import.meta.dirname, 'status-off.txt', renderStatus(status, { nowMs: SAMPLE_NOW_MS, verbose: false }))
})
