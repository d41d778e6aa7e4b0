import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from '#cli/cli-error.ts'
import type { Outside } from '#cli/command.ts'
import { SAMPLE_DUMP } from '#cli/sample-maps.ts'
import { BpfError } from '#io/bpf/bpf-error.ts'
import { createFakeBpfMaps, type FakeBpfMaps } from '#ports/bpf-maps.fake.ts'
import { encodeBackendId, encodeLb4Backend } from '#wire/bpf/lb4-backend.ts'
import { encodeLb4Key } from '#wire/bpf/lb4-key.ts'
import { encodeFrontendId, encodeLb4ReverseNat } from '#wire/bpf/lb4-reverse-nat.ts'
import { encodeLbService } from '#wire/bpf/lb-service.ts'
import { renderBpfLbList } from './render.ts'
import { runBpfLbList } from './run.ts'

function outsideOf(maps: FakeBpfMaps): Outside {
  return {
    askAgent: () => assert.fail('The agent is not asked'),
    openMaps: async () => maps,
    openKube: () => assert.fail('The API is not asked'),
    openNode: () => assert.fail('The node is left as it is'),
    readText: () => assert.fail('No file is read'),
    nowMs: () => 0,
  }
}

function sampleMaps(): FakeBpfMaps {
  const maps = createFakeBpfMaps()
  for (const { key, service } of SAMPLE_DUMP.services)
    maps.map('lb4_services').update(encodeLb4Key(key), encodeLbService(service))
  for (const [id, backend] of SAMPLE_DUMP.backends)
    maps.map('lb4_backends').update(encodeBackendId(id), encodeLb4Backend(backend))
  for (const [id, entry] of SAMPLE_DUMP.reverseNat) {
    maps.map('lb4_reverse_nat').update(encodeFrontendId(id), encodeLb4ReverseNat(entry))
  }
  return maps
}

test('runBpfLbList() reads from the maps what was written to them', async () => {
  assert.equal(renderBpfLbList(await runBpfLbList(outsideOf(sampleMaps()))), renderBpfLbList(SAMPLE_DUMP))
})

test('runBpfLbList() names the map in which it cannot read an entry', async () => {
  const maps = sampleMaps()
  maps.map('lb4_backends').update(encodeBackendId(77), new Uint8Array(16).fill(0xff))
  await assert.rejects(
    runBpfLbList(outsideOf(maps)),
    (error) => error instanceof CliError && /lb4_backends/.test(error.message),
  )
})

test('runBpfLbList() says where to run it when nothing is pinned', async () => {
  const outside: Outside = {
    ...outsideOf(createFakeBpfMaps()),
    openMaps: async () => {
      throw new BpfError({ code: 'NotPinned', pin: '/sys/fs/bpf/balise/lb4_services' })
    },
  }
  await assert.rejects(runBpfLbList(outside), (error) => error instanceof CliError && error.remedy.includes('kubectl'))
})
