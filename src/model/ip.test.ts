import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareIp, formatIp, type Ip, ipFromBytes, ipToBytes, maxValue, mustParseIp, parseIp, sameIp } from './ip.ts'

const anyIp: fc.Arbitrary<Ip> = fc.oneof(
  fc.bigInt({ min: 0n, max: maxValue('IPv4') }).map((value): Ip => ({ family: 'IPv4', value })),
  fc.bigInt({ min: 0n, max: maxValue('IPv6') }).map((value): Ip => ({ family: 'IPv6', value })),
)

const TEXTS: readonly (readonly [written: string, canonical: string])[] = [
  ['192.168.10.75', '192.168.10.75'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['::1', '::1'],
  // RFC 5952 sections 4 and 5
  ['2001:0db8:0:0:0:0:2:1', '2001:db8::2:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:DB8::ABCD', '2001:db8::abcd'],
  ['::ffff:10.0.0.1', '::ffff:a00:1'],
  ['1::', '1::'],
]
for (const [written, canonical] of TEXTS) {
  test(`parseIp() reads ${written}`, () => assert.equal(formatIp(mustParseIp(written)), canonical))
}

const NONE = [
  '',
  '1.2.3',
  '1.2.3.4.5',
  '01.2.3.4',
  '256.0.0.1',
  '1.2.3.4 ',
  '0x1.2.3.4',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '12345::',
  'fe80::1%eth0',
  '::1.2.3',
  '1.2.3.4::',
  '1:2:3:4:5:6:7:8::',
]
for (const text of NONE) {
  test(`parseIp() refuses ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parseIp(text), { ok: false, error: { code: 'NotAnIpAddress', text } })
  })
}

test('parseIp() gives back what formatIp() wrote, and Node agrees that it is an address', () => {
  fc.assert(
    fc.property(anyIp, (ip) => {
      assert.deepEqual(mustParseIp(formatIp(ip)), ip)
      assert.equal(isIP(formatIp(ip)), ip.family === 'IPv4' ? 4 : 6)
    }),
  )
})

test('parseIp() takes only what Node takes, whatever the text', () => {
  const near = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.]{0,24}$/))
  fc.assert(fc.property(near, (text) => assert.ok(!parseIp(text).ok || isIP(text) !== 0)))
})

test('ipFromBytes() gives back what ipToBytes() wrote', () => {
  fc.assert(fc.property(anyIp, (ip) => assert.deepEqual(ipFromBytes(ipToBytes(ip)), ip)))
})

test('ipToBytes() is in network order', () => {
  assert.deepEqual([...ipToBytes(mustParseIp('192.168.10.75'))], [192, 168, 10, 75])
})

test('compareIp() is an order in which only equal addresses are equal', () => {
  fc.assert(
    fc.property(anyIp, anyIp, anyIp, (a, b, c) => {
      assert.equal(Math.sign(compareIp(a, b)) + Math.sign(compareIp(b, a)), 0)
      assert.equal(compareIp(a, b) === 0, sameIp(a, b))
      const isRising = compareIp(a, b) <= 0 && compareIp(b, c) <= 0
      assert.ok(!isRising || compareIp(a, c) <= 0)
    }),
  )
})
