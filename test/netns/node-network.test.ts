import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createNodeNetwork } from '#io/net/node-network.ts'
import { formatPrefix } from '#model/prefix.ts'
import { nodeNetworkContract } from '#ports/node-network.contract.ts'
import { enterOwnNamespaces, run } from './own-namespaces.ts'

enterOwnNamespaces()
const DEVICE = 'bltnet'
run('ip', 'link', 'add', DEVICE, 'type', 'bridge')
run('ip', 'address', 'add', '192.0.2.1/24', 'dev', DEVICE)
run('ip', 'address', 'add', 'fd00:2::1/64', 'dev', DEVICE, 'nodad')
run('ip', 'link', 'set', DEVICE, 'up')

nodeNetworkContract('createNodeNetwork()', () => {
  run(
    'sh',
    '-c',
    'ip -4 route flush table main root 10.0.0.0/8; ip -6 route flush table main proto 155; ip link delete balise_vxlan 2>/dev/null; nft delete table inet balise 2>/dev/null; true',
  )
  return {
    network: createNodeNetwork(),
    device: DEVICE,
    addForeign: (to, via) => void run('ip', 'route', 'add', to, 'via', via, 'proto', 'static'),
    loseRoute: (to) => void run('ip', 'route', 'delete', to),
    touchMasquerade: () => void run('nft', 'add', 'rule', 'inet', 'balise', 'postrouting', 'accept'),
  }
})

test('createNodeNetwork() makes an overlay without link-local addresses, ARP and multicast', async () => {
  const network = createNodeNetwork()
  await network.apply([{ kind: 'deleteOverlay' }, { kind: 'createOverlay', portUdp: 8472, mtuBytes: 1450 }])
  assert.match(run('ip', 'link', 'show', 'balise_vxlan'), /<BROADCAST,NOARP,UP,LOWER_UP> mtu 1450/)
  assert.equal(run('ip', '-6', 'address', 'show', 'dev', 'balise_vxlan').trim(), '')
  await network.apply([{ kind: 'deleteOverlay' }])
})

test('createNodeNetwork() leaves routes of routing daemons to them, whatever their number', async () => {
  for (const [index, protocol] of ['bird', '186', 'zebra', '154'].entries())
    run('ip', 'route', 'add', `10.${index}.0.0/16`, 'via', '192.0.2.2', 'proto', protocol)
  const { routes } = await createNodeNetwork().read()
  assert.ok(routes.length >= 4)
  assert.deepEqual(
    routes.filter(({ own }) => own),
    [],
  )
})

test('createNodeNetwork() shows other VXLAN devices with their ports, and none of the wrong kind as ours', async () => {
  run('ip', 'link', 'add', 'flannel.1', 'type', 'vxlan', 'id', '1', 'dstport', '8472', 'local', '192.0.2.1')
  run('ip', 'link', 'add', 'balise_vxlan', 'type', 'vxlan', 'id', '2', 'dstport', '4790')
  const { overlay, overlayExists, otherVxlans } = await createNodeNetwork().read()
  assert.deepEqual([overlay, overlayExists], [undefined, true])
  assert.deepEqual(otherVxlans, [{ device: 'flannel.1', portUdp: 8472 }])
})

test('createNodeNetwork() says in the words of nft why rules cannot be set', async () => {
  const [words] = await createNodeNetwork().apply([
    { kind: 'setMasquerade', ruleset: 'table inet balise { nonsense }' },
  ])
  assert.match(words ?? '', /Error: syntax error/)
})

test('createNodeNetwork() shows a chain FORWARD that drops, with the sources that it accepts', async () => {
  const drops = async (): Promise<unknown> =>
    (await createNodeNetwork().read()).forwardDrops.map(({ family, accepted }) => [
      family,
      ...accepted.map(formatPrefix),
    ])
  assert.deepEqual(await drops(), [])
  run('nft', 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy accept; }')
  assert.deepEqual(await drops(), [])
  run('nft', 'add chain ip filter FORWARD { policy drop; }; add rule ip filter FORWARD tcp dport 80 accept')
  assert.deepEqual(await drops(), [['IPv4']])
  run(
    'nft',
    'add rule ip filter FORWARD ip saddr 10.244.0.0/16 counter accept; add rule ip filter FORWARD ip saddr 10.1.1.1 tcp dport 80 accept',
  )
  assert.deepEqual(await drops(), [['IPv4', '10.244.0.0/16']])
})

test('createNodeNetwork() says which program is missing', async () => {
  const { PATH } = process.env
  process.env['PATH'] = '/nonexistent'
  try {
    await assert.rejects(createNodeNetwork().read(), /spawn ip ENOENT/)
    const [words] = await createNodeNetwork().apply([{ kind: 'setMasquerade', ruleset: 'table inet balise {}' }])
    assert.match(words ?? '', /spawn nft ENOENT/)
  } finally {
    process.env['PATH'] = PATH
  }
})
