import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { formatIp, type Ip } from '#model/ip.ts'
import { type Candidacy, elect, loadBound } from './election.ts'

const NODES = ['cp1', 'node1', 'node2', 'node3', 'node4']

const address = (number: number): Ip => ({ family: 'IPv4', value: 0xc0a80a00n + BigInt(number) })

const candidacies: fc.Arbitrary<readonly Candidacy[]> = fc.uniqueArray(
  fc.record({
    address: fc.integer({ min: 1, max: 60 }).map(address),
    eligible: fc.subarray(NODES),
    holders: fc
      .uniqueArray(fc.tuple(fc.constantFrom(...NODES), fc.integer({ min: 0, max: 5 })), {
        selector: ([node]) => node,
        maxLength: 3,
      })
      .map((entries) => new Map(entries)),
  }),
  { selector: (candidacy) => formatIp(candidacy.address), maxLength: 40 },
)

const fresh = (count: number, eligible: readonly string[] = NODES): readonly Candidacy[] =>
  Array.from({ length: count }, (_, index) => ({ address: address(index + 1), eligible, holders: new Map() }))

const loadsOf = (owners: Iterable<{ readonly owner: string | undefined }>): ReadonlyMap<string, number> => {
  const loads = new Map<string, number>()
  for (const { owner } of owners) if (owner !== undefined) loads.set(owner, (loads.get(owner) ?? 0) + 1)
  return loads
}

/** The same candidacies after the owners said that they hold. */
const settled = (before: readonly Candidacy[], sinceMs = 100): readonly Candidacy[] => {
  const elections = elect(before)
  return before.map((candidacy) => {
    const owner = elections.get(formatIp(candidacy.address))?.owner
    return { ...candidacy, holders: owner === undefined ? new Map() : new Map([[owner, sinceMs]]) }
  })
}

test('elect() gives the same answer for the same facts in any order', () => {
  fc.assert(
    fc.property(candidacies, fc.infiniteStream(fc.nat()), (input, numbers) => {
      const shuffled = input
        .map((candidacy) => ({ candidacy, order: numbers.next().value as number }))
        .toSorted((a, b) => a.order - b.order)
        .map(({ candidacy }) => ({
          ...candidacy,
          eligible: candidacy.eligible.toReversed(),
          holders: new Map([...candidacy.holders].toReversed()),
        }))
      assert.deepEqual(elect(shuffled), elect(input))
    }),
  )
})

test('elect() gives every address to one eligible node, or to none when none is eligible', () => {
  fc.assert(
    fc.property(candidacies, (input) => {
      const elections = elect(input)
      assert.equal(elections.size, input.length)
      for (const { address: ip, eligible } of input) {
        const { owner, decision } = elections.get(formatIp(ip)) ?? {}
        if (eligible.length === 0) assert.deepEqual([owner, decision], [undefined, 'none'])
        else assert.ok(owner !== undefined && eligible.includes(owner))
      }
    }),
  )
})

test('elect() lets an eligible holder keep its address, the longest of several', () => {
  fc.assert(
    fc.property(candidacies, (input) => {
      const elections = elect(input)
      for (const { address: ip, eligible, holders } of input) {
        const held = eligible.filter((node) => holders.has(node))
        if (held.length === 0) continue
        const { owner, decision } = elections.get(formatIp(ip)) ?? {}
        assert.equal(decision, 'holding')
        assert.equal(holders.get(owner ?? ''), Math.min(...held.map((node) => holders.get(node) ?? 0)))
      }
    }),
  )
})

test('elect() fills no node above ceil(1.25 x addresses / nodes) where all may have all', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.subarray(NODES, { minLength: 1 }), (count, eligible) => {
      const input = fresh(count, eligible)
      const bound = loadBound(input)
      assert.equal(bound, Math.ceil((1.25 * count) / eligible.length))
      for (const load of loadsOf(elect(input).values()).values()) assert.ok(load <= bound, `${load} > ${bound}`)
    }),
  )
})

test('elect() moves nothing when a node goes that owns nothing', () => {
  fc.assert(
    fc.property(candidacies, fc.constantFrom(...NODES), (input, gone) => {
      const before = settled(input)
      const elections = elect(before)
      fc.pre(![...elections.values()].some(({ owner }) => owner === gone))
      const after = elect(
        before.map((candidacy) => ({ ...candidacy, eligible: candidacy.eligible.filter((node) => node !== gone) })),
      )
      assert.deepEqual(after, elections)
    }),
  )
})

test('elect() moves only the addresses of a node that goes, and none when it comes back', () => {
  fc.assert(
    fc.property(candidacies, fc.constantFrom(...NODES), (input, gone) => {
      const before = settled(input)
      const owners = elect(before)
      const without = before.map((candidacy) => ({
        ...candidacy,
        eligible: candidacy.eligible.filter((node) => node !== gone),
      }))
      const during = elect(without)
      for (const [text, { owner }] of owners) if (owner !== gone) assert.equal(during.get(text)?.owner, owner)
      const back = before.map((candidacy) => {
        const owner = during.get(formatIp(candidacy.address))?.owner
        // who comes back says that it holds nothing, or holds since a later moment
        return {
          ...candidacy,
          holders: new Map(
            owner === undefined
              ? [[gone, 300]]
              : [
                  [owner, 200],
                  [gone, 300],
                ],
          ),
        }
      })
      const after = elect(back)
      for (const [text, { owner }] of during)
        if (owner !== undefined && owner !== gone) assert.equal(after.get(text)?.owner, owner)
    }),
  )
})

test('elect() spreads 1000 addresses over five nodes evenly', () => {
  const loads = [...loadsOf(elect(fresh(1000)).values()).values()]
  assert.equal(loads.length, 5)
  assert.ok(Math.min(...loads) > 120, `least ${Math.min(...loads)}`)
})

test('elect() answers for 10,000 addresses on 50 nodes in seconds at the most', { timeout: 5000 }, () => {
  const nodes = Array.from({ length: 50 }, (_, index) => `node${index}`)
  assert.equal(elect(fresh(10_000, nodes)).size, 10_000)
})
