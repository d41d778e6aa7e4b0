import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mustParsePrefix } from '#model/prefix.ts'
import { foreignConfs } from './conf-files.ts'
import { formatChainedConflist, formatFullConflist } from './conflist.ts'

test('formatFullConflist() writes what the plugin reads', () => {
  const podCidrs = ['10.244.1.0/24', 'fd00:10:244:1::/64'].map(mustParsePrefix)
  assert.deepEqual(JSON.parse(formatFullConflist({ podCidrs, mtuBytes: 1450, stateDir: '/var/lib/balise/cni' })), {
    cniVersion: '1.0.0',
    cniVersions: ['0.4.0', '1.0.0', '1.1.0'],
    name: 'balise',
    plugins: [
      {
        type: 'balise-cni',
        mode: 'full',
        podCidrs: ['10.244.1.0/24', 'fd00:10:244:1::/64'],
        mtu: 1450,
        stateDir: '/var/lib/balise/cni',
        capabilities: { portMappings: true },
      },
    ],
  })
})

function chained(name: string, text: string): unknown {
  const [base] = foreignConfs([{ name, text }])
  assert.ok(base !== undefined)
  return JSON.parse(formatChainedConflist(base, '/state'))
}

const OWN = { type: 'balise-cni', mode: 'chained', stateDir: '/state', capabilities: { portMappings: true } }

test("formatChainedConflist() puts our plugin behind those of the other network, under the other's name and version", () => {
  const text =
    '{"cniVersion":"0.3.1","name":"cbr0","plugins":[{"type":"flannel","delegate":{"hairpinMode":true}},{"type":"portmap"}]}'
  assert.deepEqual(chained('10-flannel.conflist', text), {
    cniVersion: '0.3.1',
    name: 'cbr0',
    plugins: [{ type: 'flannel', delegate: { hairpinMode: true } }, { type: 'portmap' }, OWN],
  })
})

test('formatChainedConflist() makes a list of a file for one plugin', () => {
  assert.deepEqual(chained('10-b.conf', '{"cniVersion":"0.4.0","name":"b","type":"bridge","mtu":1400}'), {
    cniVersion: '0.4.0',
    name: 'b',
    plugins: [{ type: 'bridge', mtu: 1400 }, OWN],
  })
})

test('formatChainedConflist() never chains our plugin twice', () => {
  const text = '{"name":"b","plugins":[{"type":"bridge"},{"type":"balise-cni"}]}'
  assert.deepEqual((chained('10-b.conflist', text) as { plugins: unknown }).plugins, [{ type: 'bridge' }, OWN])
})
