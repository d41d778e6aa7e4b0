import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { countBuggy, isBuggy, withoutBuggy } from './buggy-ip.ts'
import { type Ip, mustParseIp } from './ip.ts'
import { formatRange, type IpRange, rangeSize } from './range.ts'

const range = (first: string, last: string): IpRange => ({ first: mustParseIp(first), last: mustParseIp(last) })
const parts = (of: IpRange): readonly string[] => Array.from(withoutBuggy(of), formatRange)

test('isBuggy() is true of IPv4 addresses that end in .0 or .255 only', () => {
  const buggy = ['10.0.0.0', '10.0.0.255', '10.0.0.1', '10.0.0.254', 'fd00::', 'fd00::ff'].map(mustParseIp).map(isBuggy)
  assert.deepEqual(buggy, [true, true, false, false, false, false])
})

test('withoutBuggy() leaves the addresses between', () => {
  assert.deepEqual(parts(range('10.0.0.250', '10.0.2.3')), [
    '10.0.0.250 - 10.0.0.254',
    '10.0.1.1 - 10.0.1.254',
    '10.0.2.1 - 10.0.2.3',
  ])
})

test('withoutBuggy() leaves nothing of a range of buggy ones, and all of one without', () => {
  assert.deepEqual(parts(range('10.0.0.255', '10.0.1.0')), [])
  assert.deepEqual(parts(range('10.0.0.7', '10.0.0.7')), ['10.0.0.7 - 10.0.0.7'])
  assert.deepEqual(parts(range('10.0.0.7', '10.0.0.9')), ['10.0.0.7 - 10.0.0.9'])
  assert.deepEqual(parts(range('fd00::', 'fd00::ff')), ['fd00:: - fd00::ff'])
})

test('withoutBuggy() ends at the last address there is', () => {
  assert.deepEqual(parts(range('255.255.255.250', '255.255.255.255')), ['255.255.255.250 - 255.255.255.254'])
})

test('countBuggy() and withoutBuggy() divide a range between them', () => {
  const value = fc.bigInt(0n, 5000n)
  fc.assert(
    fc.property(value, value, (a, b) => {
      const [first, last] = (a < b ? [a, b] : [b, a]).map((v): Ip => ({ family: 'IPv4', value: v })) as [Ip, Ip]
      const left = Array.from(withoutBuggy({ first, last })).reduce((sum, part) => sum + rangeSize(part), 0n)
      assert.equal(left + countBuggy({ first, last }), rangeSize({ first, last }))
    }),
  )
})
