import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { formatMistake } from '#model/condition.ts'
import { formatIp } from '#model/ip.ts'
import { decodeEndpointSlice } from './endpoint-slice.ts'

const slice = (endpoints: unknown, more: object = {}) => ({
  metadata: { name: 's-1', namespace: 'n', labels: { 'kubernetes.io/service-name': 's' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  endpoints,
  ...more,
})

/** `10.0.0.1 ready serving` */
function states(object: unknown): readonly string[] {
  const endpoints = decodeEndpointSlice(object).value?.endpoints ?? []
  return endpoints.map(({ address, ready, serving, terminating }) =>
    [formatIp(address), ready && 'ready', serving && 'serving', terminating && 'terminating'].filter(Boolean).join(' '),
  )
}

test('decodeEndpointSlice() reads endpoints, ports and the Service', () => {
  const { value, mistakes } = decodeEndpointSlice(
    slice([{ addresses: ['10.0.0.1'], nodeName: 'node1', zone: 'a', conditions: { ready: true, serving: true } }]),
  )
  assert.deepEqual(mistakes, [])
  assert.equal(value?.service, 'n/s')
  assert.deepEqual(value?.ports, [{ name: 'http', protocol: 'TCP', port: 8080 }])
  assert.deepEqual([value?.endpoints[0]?.nodeName, value?.endpoints[0]?.zone], ['node1', 'a'])
})

test('decodeEndpointSlice() takes an unset ready for true, and an unset serving for ready', () => {
  const endpoints = [
    { addresses: ['10.0.0.1'] },
    { addresses: ['10.0.0.2'], conditions: { ready: false } },
    { addresses: ['10.0.0.3'], conditions: { ready: false, serving: true, terminating: true } },
  ]
  assert.deepEqual(states(slice(endpoints)), ['10.0.0.1 ready serving', '10.0.0.2', '10.0.0.3 serving terminating'])
})

test('decodeEndpointSlice() counts only the first address of an endpoint', () => {
  assert.deepEqual(states(slice([{ addresses: ['10.0.0.1', '10.0.0.9'] }])), ['10.0.0.1 ready serving'])
})

test('decodeEndpointSlice() has no endpoints of host names, and none of no Service', () => {
  assert.deepEqual(states(slice([{ addresses: ['a.example'] }], { addressType: 'FQDN' })), [])
  assert.deepEqual(states(slice([{ addresses: ['10.0.0.1'] }], { metadata: { name: 'x', namespace: 'n' } })), [])
})

test('decodeEndpointSlice() goes on beside an endpoint that is wrong', () => {
  const object = slice([{ addresses: ['x'] }, { addresses: [] }, { addresses: ['10.0.0.1'] }])
  assert.deepEqual(states(object), ['10.0.0.1 ready serving'])
  assert.deepEqual(decodeEndpointSlice(object).mistakes.map(formatMistake), [
    'endpoints[0].addresses[0] "x" is not an IP address: write an address like 192.168.10.75 or fd00::75',
    'endpoints[1].addresses "[]" is empty: write the address of the endpoint',
  ])
})

test('decodeEndpointSlice() passes over a port without a number', () => {
  assert.deepEqual(decodeEndpointSlice(slice([], { ports: [{ name: 'all' }] })).value?.ports, [])
})

test('decodeEndpointSlice() never throws', () => {
  fc.assert(
    fc.property(fc.anything(), (anything) => assert.ok(decodeEndpointSlice(slice(anything)).mistakes.length >= 0)),
  )
})
