import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LB_FLAGS } from '#wire/bpf/consts.ts'
import { flagWords } from './flag-words.ts'

test('flagWords() puts the type first and the words in the order of Cilium', () => {
  const { LB_ROUTABLE, LB_LOAD_BALANCER, LB_EXTERNAL_LOCAL, LB_TWO_SCOPES, LB_CLUSTER_IP, LB_AFFINITY } = LB_FLAGS
  assert.equal(flagWords(LB_CLUSTER_IP), 'ClusterIP, non-routable')
  assert.equal(flagWords(LB_ROUTABLE | LB_LOAD_BALANCER), 'LoadBalancer')
  assert.equal(
    flagWords(LB_ROUTABLE | LB_LOAD_BALANCER | LB_TWO_SCOPES | LB_EXTERNAL_LOCAL),
    'LoadBalancer, Local, two-scopes',
  )
  assert.equal(flagWords(LB_AFFINITY), 'sessionAffinity, non-routable')
})

test('flagWords() has a word for every flag that the kernel knows', () => {
  const flags = Object.values(LB_FLAGS).filter((flag) => flag !== LB_FLAGS.LB_ROUTABLE)
  for (const flag of flags) {
    assert.notEqual(flagWords(flag | LB_FLAGS.LB_ROUTABLE), '')
  }
})
