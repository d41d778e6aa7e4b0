/** A Service on a cluster of two nodes, seen from a client on their LAN: how fast, at whom, and beside objects with mistakes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { L2AddressJson, L2Answer } from '#api/agent.ts'
import { waitFor } from '#lab/process/wait.ts'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'
import { type ClusterLab, openClusterLab } from './cluster-lab.ts'

const NAME = await testLabName('svc')
const NODES = ['cp1-lab', 'node1-lab'] as const
const CLIENT_ADDRESS = '192.168.10.50'

/** What the echo server answers. */
interface Echo {
  readonly node: string
  readonly client: string
}

const manifest = (name: string): string => readFileSync(join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8')

describe('a Service of type LoadBalancer', () => {
  let lab: ClusterLab
  before(async () => {
    lab = await openClusterLab(NAME, 'skeleton')
    await lab.apply(manifest('lan'))
  })
  after(async () => {
    await lab.down()
    assert.deepEqual(tracesOf(NAME), [])
  })

  const addressOf = (service: string): Promise<string> =>
    waitFor(
      async () =>
        (await lab.kubectl('get', 'service', service, '-o', 'jsonpath={.status.loadBalancer.ingress[0].ip}')) ||
        undefined,
      { what: `an address for ${service}`, boundMs: 30_000, everyMs: 100 },
    )
  const ask = async (address: string): Promise<Echo | undefined> => {
    const { exitCode, stdout } = await lab.on('client', 'curl', '-s', '-m', '1', `http://${address}/`)
    return exitCode === 0 ? (JSON.parse(stdout) as Echo) : undefined
  }
  const answering = (address: string): Promise<Echo> =>
    waitFor(() => ask(address), { what: `${address} to answer`, boundMs: 60_000, everyMs: 100 })
  const l2 = async (address: string, node: string): Promise<L2AddressJson> => {
    const { addresses } = await lab.balise<L2Answer>(node, 'l2', 'list')
    const entry = addresses.find((candidate) => candidate.address === address)
    assert.ok(entry !== undefined, `${node} knows ${address}`)
    return entry
  }
  const ownerOf = async (address: string, node: string): Promise<string> => {
    const { owner } = await l2(address, node)
    assert.ok(owner !== null)
    return owner
  }
  test('answers the client within a second after it has its address', async (t) => {
    await lab.apply(manifest('echo'))
    await lab.kubectl('rollout', 'status', 'deployment/echo', '--timeout=90s')
    await answering(await addressOf('echo'))
    const delaysMs = [await firstAnswerMs(), await firstAnswerMs(), await firstAnswerMs()].toSorted((a, b) => a - b)
    t.diagnostic(`first answers ${delaysMs.join(', ')} ms after kubectl showed the address`)
    assert.ok((delaysMs[1] ?? Number.NaN) < 1000, `${delaysMs.join(', ')} ms`)
  })

  /** With everything else in place: from the moment kubectl shows the address of a new Service to the first answer, by one clock. */
  const firstAnswerMs = async (): Promise<number> => {
    await lab.kubectl('delete', 'service', 'echo')
    const address = '192.168.10.78'
    const loop = `until curl -s -m 0.2 -o /dev/null http://${address}/; do sleep 0.02; done; date +%s%3N`
    const first = lab.on('client', 'sh', '-c', loop)
    const service = manifest('echo').split('---\n')[1] ?? ''
    await lab.apply(service.replace('type: LoadBalancer', `type: LoadBalancer\n  loadBalancerIP: ${address}`))
    assert.equal(await addressOf('echo'), address)
    const grantedMs = Date.now()
    return Number((await first).stdout) - grantedMs
  }

  test("is at the owner's station, and both nodes name the same owner", async () => {
    const address = await addressOf('echo')
    await answering(address)
    const [first, second] = await Promise.all(NODES.map((node) => l2(address, node)))
    assert.equal(first?.owner, second?.owner)
    const { stdout } = await lab.on('client', 'ip', 'neigh', 'show', address)
    assert.ok(first?.ownerMac && stdout.includes(first.ownerMac), stdout)
  })

  test('reaches pods on every node', async () => {
    const address = await addressOf('echo')
    const nodes = new Set<string>()
    for (let i = 0; i < 40 && nodes.size < NODES.length; i++) nodes.add((await answering(address)).node)
    assert.deepEqual([...nodes].toSorted(), [...NODES])
  })

  test("keeps the client's address and stays on the owner with externalTrafficPolicy Local", async () => {
    const address = await addressOf('echo-local')
    for (let i = 0; i < 5; i++) {
      const { client, node } = await answering(address)
      assert.equal(client.split(':')[0], CLIENT_ADDRESS)
      assert.equal(node, await ownerOf(address, NODES[0]))
    }
  })

  test('goes on beside objects with mistakes, whose status names value and remedy', async () => {
    await lab.apply(manifest('mistakes'))
    const said = (kind: string, name: string): Promise<string> =>
      waitFor(
        async () =>
          (await lab.kubectl('get', kind, name, '-o', 'jsonpath={.status.conditions[?(@.status=="False")].message}')) ||
          undefined,
        { what: `a condition of ${name}`, boundMs: 30_000, everyMs: 300 },
      )
    assert.match(await said('ciliumloadbalancerippool', 'backwards'), /192\.168\.10\.99.*192\.168\.10\.90/)
    assert.match(await said('ciliumloadbalancerippool', 'no-cidr'), /192\.168\.10\.300\/28/)
    assert.match(await said('ciliumloadbalancerippool', 'mixed'), /fd00::1/)
    assert.match(await said('ciliuml2announcementpolicy', 'no-pattern'), /eth\(/)
    assert.match(await said('ciliuml2announcementpolicy', 'no-device'), /enp0s1.*eth0/)
    await answering(await addressOf('echo'))
    await lab.kubectl('delete', '-f', join(import.meta.dirname, 'manifests/mistakes.yaml'))
  })
})
