import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatIp, mustParseIp } from '#model/ip.ts'
import { mustParsePrefix } from '#model/prefix.ts'
import { decodeNodeFacts, encodeNodeFacts, heldSinceMs, type NodeFacts, nodeLeaseName } from './node-facts.ts'

const FACTS: NodeFacts = {
  devices: [{ name: 'eth0', mac: '02:00:00:00:00:01', prefixes: [mustParsePrefix('192.168.10.0/24')], carrier: true }],
  holds: new Map([['192.168.10.75', 1_700_000_000_000]]),
}

const facts: fc.Arbitrary<NodeFacts> = fc.record({
  devices: fc.uniqueArray(
    fc.record({
      name: fc.stringMatching(/^[a-z][a-z0-9.]{0,14}$/),
      mac: fc.option(fc.constant('02:00:00:00:00:0a'), { nil: undefined }),
      prefixes: fc.subarray([
        mustParsePrefix('10.0.0.0/8'),
        mustParsePrefix('192.168.10.0/24'),
        mustParsePrefix('2001:db8::/64'),
      ]),
      carrier: fc.boolean(),
    }),
    { selector: ({ name }) => name, maxLength: 4 },
  ),
  holds: fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 2 ** 32 - 1 }), fc.nat()), {
      selector: ([value]) => value,
      maxLength: 5,
    })
    .map(
      (entries) =>
        new Map(entries.map(([value, since]) => [formatIp({ family: 'IPv4', value: BigInt(value) }), since])),
    ),
})

test('encodeNodeFacts() writes version 1, sorted', () => {
  assert.equal(
    encodeNodeFacts(FACTS),
    '{"version":1,"devices":[{"name":"eth0","mac":"02:00:00:00:00:01","prefixes":["192.168.10.0/24"],"carrier":true}],"holds":{"192.168.10.75":1700000000000}}',
  )
})

test('decodeNodeFacts() reads what encodeNodeFacts() wrote', () => {
  fc.assert(
    fc.property(facts, (input) => {
      const text = encodeNodeFacts(input)
      const decoded = decodeNodeFacts(text)
      assert.ok(decoded.ok)
      assert.equal(encodeNodeFacts(decoded.value), text)
      assert.deepEqual(decoded.value.holds, input.holds)
    }),
  )
})

test('decodeNodeFacts() never throws', () => {
  fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => void decodeNodeFacts(text)))
})

test('decodeNodeFacts() passes over fields that it does not know', () => {
  const text = encodeNodeFacts(FACTS).replace('{"version"', '{"weight":3,"version"')
  assert.ok(decodeNodeFacts(text).ok)
})

test('decodeNodeFacts() names every mistake with its value', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['', 'is not a JSON object'],
    ['[]', 'is not a JSON object'],
    ['{"version":2,"devices":[],"holds":{}}', 'is not the version 1'],
    ['{"version":1,"holds":{}}', 'devices is not a list'],
    ['{"version":1,"devices":[{"name":"eth0"}],"holds":{}}', 'lacks a name or carrier'],
    [
      '{"version":1,"devices":[{"name":"eth0","carrier":true,"prefixes":["x"]}],"holds":{}}',
      'prefixes[0] "\\"x\\"" is not a CIDR',
    ],
    ['{"version":1,"devices":[],"holds":{"x":1}}', '"x" is not an IP address'],
    ['{"version":1,"devices":[],"holds":{"10.0.0.1":"now"}}', 'is not a time'],
  ]
  for (const [text, problem] of bad) {
    const decoded = decodeNodeFacts(text)
    assert.ok(!decoded.ok, text)
    const said = decoded.error
      .map((mistake) => `${mistake.path} ${JSON.stringify(mistake.value)} ${mistake.problem}`)
      .join('; ')
    const plain = decoded.error.map((mistake) => `${mistake.path} ${mistake.problem}`).join('; ')
    assert.ok(said.includes(problem) || plain.includes(problem), `${said} lacks ${problem}`)
  }
})

test('nodeLeaseName() bears the name of the node', () => {
  assert.equal(nodeLeaseName('cp1-lab'), 'balise-node-cp1-lab')
})

test('heldSinceMs() is undefined for an address that is not held', () => {
  assert.equal(heldSinceMs(FACTS, mustParseIp('192.168.10.75')), 1_700_000_000_000)
  assert.equal(heldSinceMs(FACTS, mustParseIp('192.168.10.76')), undefined)
})
