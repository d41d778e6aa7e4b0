import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParsePrefix } from '#model/prefix.ts'
import { masqueradeRuleset } from './masquerade.ts'

const BOTH = ['10.244.1.0/24', 'fd00:244:1::/64'].map(mustParsePrefix)

test('masqueradeRuleset() of both families', () => {
  const direct = ['10.244.2.0/24', 'fd00:244:2::/64', '192.168.10.216/32', '10.244.2.0/24'].map(mustParsePrefix)
  assert.equal(
    masqueradeRuleset({ families: ['IPv4', 'IPv6'], podCidrs: BOTH, direct }),
    `table inet balise {
  set pods4 {
    type ipv4_addr; flags interval; auto-merge
    elements = { 10.244.1.0/24 }
  }
  set direct4 {
    type ipv4_addr; flags interval; auto-merge
    elements = { 10.244.1.0/24, 10.244.2.0/24, 169.254.0.0/16, 192.168.10.216/32, 224.0.0.0/4, 255.255.255.255/32 }
  }
  set pods6 {
    type ipv6_addr; flags interval; auto-merge
    elements = { fd00:244:1::/64 }
  }
  set direct6 {
    type ipv6_addr; flags interval; auto-merge
    elements = { fd00:244:1::/64, fd00:244:2::/64, fe80::/10, ff00::/8 }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr @pods4 ip daddr != @direct4 meta l4proto { tcp, udp } masquerade to :32768-65535
    ip saddr @pods4 ip daddr != @direct4 masquerade
    ip6 saddr @pods6 ip6 daddr != @direct6 meta l4proto { tcp, udp } masquerade to :32768-65535
    ip6 saddr @pods6 ip6 daddr != @direct6 masquerade
  }
}
`,
  )
})

test('masqueradeRuleset() leaves a family out that is switched off or that pods do not have', () => {
  const ipv4 = masqueradeRuleset({ families: ['IPv4'], podCidrs: BOTH, direct: [] })
  assert.doesNotMatch(ipv4 ?? '', /ip6|fd00/)
  const noPods6 = masqueradeRuleset({ families: ['IPv4', 'IPv6'], podCidrs: BOTH.slice(0, 1), direct: [] })
  assert.equal(noPods6, ipv4)
})

test('masqueradeRuleset() is nothing where nothing is masqueraded', () => {
  assert.equal(masqueradeRuleset({ families: [], podCidrs: BOTH, direct: [] }), undefined)
  assert.equal(masqueradeRuleset({ families: ['IPv4'], podCidrs: [], direct: [] }), undefined)
})

test('masqueradeRuleset() reads the same whatever the order of its input', () => {
  const direct = ['10.9.0.0/16', '10.8.0.0/16'].map(mustParsePrefix)
  const make = (list: typeof direct): string | undefined =>
    masqueradeRuleset({ families: ['IPv4'], podCidrs: BOTH, direct: list })
  assert.equal(make(direct), make(direct.toReversed()))
})
