import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { tail, until } from './agent-lab.ts'
import { PodNetworkLab, type PodNode } from './pod-network-lab.ts'

const CLIENT = '192.168.10.50'
const CLIENT6 = 'fd00:192::50'

let lab: PodNetworkLab
let n1: PodNode
let n2: PodNode

before(async () => {
  lab = await PodNetworkLab.open(['n1', 'n2'])
  const [first, second] = lab.nodes
  assert.ok(first !== undefined && second !== undefined)
  ;[n1, n2] = [first, second]
  lab.exec('client', 'ip', 'address', 'add', `${CLIENT6}/64`, 'dev', 'eth0', 'nodad')
  for (const node of lab.nodes) lab.start(node)
  await until('both nodes have their network configuration', () =>
    lab.nodes.every(({ confDir }) => existsSync(join(confDir, '05-balise.conflist'))),
  ).catch((error: unknown) => {
    for (const node of lab.nodes) process.stderr.write(`${node.name}\n${tail(node)}\n`)
    throw error
  })
})

after(() => lab.close())

function routes(node: PodNode): readonly string[] {
  return ['-4', '-6'].flatMap((family) =>
    lab
      .exec(node.name, 'ip', family, 'route', 'show', 'proto', '155')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  )
}

test('the configuration names the podCIDRs, the MTU of the wire and the state folder', () => {
  const conflist = JSON.parse(readFileSync(join(n1.confDir, '05-balise.conflist'), 'utf8')) as object
  assert.deepEqual(conflist, {
    cniVersion: '1.0.0',
    cniVersions: ['0.4.0', '1.0.0', '1.1.0'],
    name: 'balise',
    plugins: [
      {
        type: 'balise-cni',
        mode: 'full',
        podCidrs: n1.podCidrs,
        mtu: 1500,
        stateDir: `${n1.stateDir}/cni`,
        capabilities: { portMappings: true },
      },
    ],
  })
  assert.equal(readFileSync(join(n1.binDir, 'balise-cni'), 'utf8'), 'plugin of n1')
  assert.equal(readFileSync(join(n1.binDir, 'loopback'), 'utf8'), 'plugin of n1')
})

test('pods of the two nodes reach each other by routes, IPv4 and IPv6, with their own addresses', async () => {
  assert.match(routes(n1).join('\n'), /^10\.244\.1\.0\/24 via 192\.168\.10\.216 dev eth0/m)
  await until('a pod reaches the other by IPv4', () => lab.pings('pod-n1', n2.podAddress))
  await until('a pod reaches the other by IPv6', () => lab.pings('pod-n1', n2.podAddress6))
  const said = lab.exec('pod-n1', 'curl', '-s', '--max-time', '2', `http://${n2.podAddress}/`)
  assert.equal(said.trim(), `n2 ${n1.podAddress}`)
})

test('what pods send out of the cluster bears the address of their node', async () => {
  // the client knows no way to a pod: it can only answer a node
  await until('a pod reaches the client by IPv4', () => lab.pings('pod-n1', CLIENT))
  await until('a pod reaches the client by IPv6', () => lab.pings('pod-n1', CLIENT6))
})
