/**
 * Balise's own network of pods on three nodes, of which two share a subnet and one is behind a router, in both families: who reaches
 * whom, with how much, and whom the other side sees.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { waitFor } from '#lab/process/wait.ts'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'
import { type ClusterLab, openClusterLab } from './cluster-lab.ts'
import { throughPortForward } from './port-forward.ts'
import { type RunningPod, runningPods, urlHost } from './pods.ts'

const NAME = await testLabName('pods')
const NODES = ['cp1-lab', 'node1-lab', 'node2-lab'] as const
type Name = (typeof NODES)[number]
/** 1500 on the LAN of the first two nodes, 1400 on that of the third, and 50 octets for the envelope (RFC 7348 section 5, over IPv4). */
const MTU_OF_PODS: { readonly [N in Name]: number } = { 'cp1-lab': 1450, 'node1-lab': 1450, 'node2-lab': 1350 }
/** Octets of a download: some thousand full packets. */
const DOWNLOAD = 5_000_000
/** Of an ICMP payload that needs several fragments. */
const FRAGMENTED = 6000

/** What the echo server answers. */
interface Echo {
  readonly pod: string
  readonly node: string
  readonly client: string
}

describe('the network of pods', () => {
  let lab: ClusterLab
  let echoes: readonly RunningPod[]
  let clients: readonly RunningPod[]

  before(async () => {
    lab = await openClusterLab(NAME, 'routed')
    await lab.apply(readFileSync(join(import.meta.dirname, 'manifests/pods.yaml'), 'utf8'))
    for (const name of ['echo', 'client']) await lab.kubectl('rollout', 'status', `daemonset/${name}`, '--timeout=90s')
    echoes = await runningPods(lab, '-l', 'app=echo')
    clients = await runningPods(lab, '-l', 'app=client')
  })
  after(async () => {
    await lab.down()
    assert.deepEqual(tracesOf(NAME), [])
  })

  const on = <T extends { readonly node: string }>(pods: readonly T[], node: string): T => {
    const found = pods.find((pod) => pod.node === node)
    assert.ok(found, `a pod on ${node}`)
    return found
  }
  const inPod = (pod: RunningPod, script: string): Promise<string> =>
    lab.kubectl('exec', pod.name, '--', 'sh', '-c', script)

  test('gives every pod an address of each family from the prefixes of its node, and no other', () => {
    assert.equal(echoes.length + clients.length, 2 * NODES.length)
    for (const { node, ips } of [...echoes, ...clients]) {
      const index = NODES.findIndex((name) => name === node)
      assert.match(
        ips.join(' '),
        new RegExp(`^10\\.244\\.${index}\\.\\d+ fd00:10:244:${index === 0 ? '' : `${index}:`}:[0-9a-f:]+$`),
      )
    }
    const all = [...echoes, ...clients].flatMap(({ ips }) => ips)
    assert.equal(new Set(all).size, all.length)
  })

  test('takes routes within a subnet and VXLAN beyond it, and says so', async () => {
    const four = await lab.must('cp1-lab', 'ip', '-4', 'route')
    assert.match(four, /^10\.244\.1\.0\/24 via 192\.168\.10\.216 dev enp0s1/m)
    assert.match(four, /^10\.244\.2\.0\/24 dev balise_vxlan/m)
    const six = await lab.must('cp1-lab', 'ip', '-6', 'route')
    assert.match(six, /^fd00:10:244:1::\/64 via fd00:192:168:10::216 dev enp0s1/m)
    assert.match(six, /^fd00:10:244:2::\/64 dev balise_vxlan/m)
    assert.match(await lab.baliseText('cp1-lab', 'status'), /^Routing: .*2 by routes, 2 through VXLAN/m)
  })

  for (const from of NODES) {
    test(`carries whole downloads to a pod on ${from} from every node, over both families`, async () => {
      const targets = echoes.flatMap(({ ips }) => ips)
      assert.equal(targets.length, 2 * NODES.length)
      const curl = `curl -s -m 20 -o /dev/null -w '%{http_code} %{size_download}\\n'`
      const script = targets.map((ip) => `${curl} 'http://${urlHost(ip)}:8080/bytes?n=${DOWNLOAD}'`).join('\n')
      const lines = (await inPod(on(clients, from), script)).trim().split('\n')
      assert.deepEqual(
        lines,
        targets.map(() => `200 ${DOWNLOAD}`),
      )
    })

    test(`carries datagrams that are fragmented, and whole ones of the path's MTU, from ${from}`, async () => {
      const client = on(clients, from)
      const others = clients.flatMap(({ ips }) => ips)
      // routers do not take IPv6 apart (RFC 8200 section 5): the sender loses one and knows the path then
      const ping = (ip: string): string => `${ip.includes(':') ? 'ping6' : 'ping'} -c 1 -W 2 -s ${FRAGMENTED} ${ip}`
      const script = others.map((ip) => (ip.includes(':') ? `{ ${ping(ip)} || ${ping(ip)}; }` : ping(ip))).join(' && ')
      assert.equal((await inPod(client, script)).match(/ 1 packets received/g)?.length, others.length)
      const carried = clients.flatMap(({ node, ips }) =>
        ips.map((ip) => {
          const least = Math.min(MTU_OF_PODS[from], MTU_OF_PODS[node as Name])
          // where the first is too big for the path, its sender is told
          return `${whole(ip, MTU_OF_PODS[from])} >/dev/null 2>&1; ${whole(ip, least)} >/dev/null && echo carried`
        }),
      )
      const said = await lab.on(`pod/default/${client.name}`, 'sh', '-c', carried.join('\n'))
      assert.equal(said.stdout.match(/^carried$/gm)?.length, others.length, said.stderr)
    })
  }

  /** The command that sends one datagram of so many octets that nobody may take apart. */
  const whole = (ip: string, octets: number): string =>
    `ping -c 1 -W 2 -M do -s ${octets - (ip.includes(':') ? 48 : 28)} ${ip}`

  test('gives pods the MTU of their node less what VXLAN needs, and tells senders of a smaller one on the path', async () => {
    for (const client of clients)
      assert.match(await inPod(client, 'ip link show eth0'), new RegExp(` mtu ${MTU_OF_PODS[client.node as Name]} `))
    const [sender, far] = [on(clients, 'cp1-lab'), on(echoes, 'node2-lab')]
    for (const ip of far.ips) {
      const said = await lab.on(`pod/default/${sender.name}`, ...whole(ip, MTU_OF_PODS['cp1-lab']).split(' '))
      assert.notEqual(said.exitCode, 0)
      assert.match(said.stdout + said.stderr, /mtu ?[=:] ?1350/)
      const route = await lab.must(`pod/default/${sender.name}`, 'ip', 'route', 'get', ip)
      assert.match(route, /mtu 1350/)
    }
  })

  test('shows a pod the address of the pod that asks, on every path', async () => {
    for (const from of clients) {
      const asked = echoes.flatMap(({ name, ips }) => ips.map((ip, at) => ({ name, ip, own: from.ips[at] ?? '' })))
      const script = asked.map(({ ip }) => `curl -s -m 5 http://${urlHost(ip)}:8080/`).join('\n')
      const answers = (await inPod(from, script))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Echo)
      assert.deepEqual(
        answers.map(({ pod, client }) => `${pod} ${client.replace(/:\d+$/, '')}`),
        asked.map(({ name, own }) => `${name} ${urlHost(own)}`),
      )
    }
  })

  test("shows a machine outside the cluster the node's address", async () => {
    const server = "require('http').createServer((q, a) => a.end(q.socket.remoteAddress)).listen(9000, '::')"
    const serving = lab.on('client', 'timeout', '20', process.execPath, '-e', server)
    const outside = { IPv4: '192.168.10.50', IPv6: '[fd00:192:168:10::50]' }
    const ask = (url: string): string =>
      `curl -s -m 2 --retry 8 --retry-delay 1 --retry-connrefused http://${url}:9000/`
    assert.match(await inPod(on(clients, 'node1-lab'), ask(outside.IPv4)), /192\.168\.10\.216$/)
    assert.match(await inPod(on(clients, 'node2-lab'), ask(outside.IPv4)), /192\.168\.20\.217$/)
    assert.match(await inPod(on(clients, 'node2-lab'), ask(outside.IPv6)), /^fd00:192:168:20::217$/)
    await lab.on('client', 'sh', '-c', "kill $(ss -Hltnp 'sport = :9000' | sed -E 's/.*pid=([0-9]+).*/\\1/')")
    await serving
  })

  test('serves host ports to machines outside, to pods and to the pod behind one', async () => {
    const ask = async (host: string, url: string): Promise<Echo> =>
      JSON.parse(await lab.must(host, 'curl', '-s', '-m', '3', `http://${url}:18080/`)) as Echo
    assert.equal((await ask('client', '192.168.10.216')).node, 'node1-lab')
    assert.equal((await ask('client', '192.168.20.217')).node, 'node2-lab')
    assert.equal((await ask('client', '[fd00:192:168:10::216]')).node, 'node1-lab')
    assert.equal((await ask(`pod/default/${on(clients, 'cp1-lab').name}`, '192.168.20.217')).node, 'node2-lab')
    assert.equal((await ask(`pod/default/${on(clients, 'node1-lab').name}`, '192.168.10.216')).node, 'node1-lab')
    assert.equal((await ask(`pod/default/${on(echoes, 'node1-lab').name}`, '192.168.10.216')).node, 'node1-lab')
    assert.equal((await ask('node1-lab', '127.0.0.1')).node, 'node1-lab')
  })

  test('lets a pod reach itself through its Service', async () => {
    const pod = on(echoes, 'node2-lab')
    const address = await lab.kubectl('get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}')
    const script = `for i in $(seq 40); do curl -s -m 2 http://${address}/; done`
    const answers = (await lab.must(`pod/default/${pod.name}`, 'sh', '-c', script)).trim().split('\n')
    assert.equal(answers.length, 40)
    assert.ok(answers.some((line) => (JSON.parse(line) as Echo).pod === pod.name))
  })

  test('serves kubectl exec, logs and port-forward, and names, on every node', async () => {
    for (const { name, node } of clients) {
      assert.equal(await lab.kubectl('exec', name, '--', 'cat', '/etc/hostname'), `${name}\n`)
      assert.equal(await lab.kubectl('logs', name), 'started\n')
      const script =
        'nslookup kubernetes.default.svc.cluster.local && curl -s -m 5 http://echo.default.svc.cluster.local/'
      const said = await lab.kubectl('exec', name, '--', 'sh', '-c', script)
      assert.match(said, /Address: 10\.43\.0\.1\b/, `on ${node}`)
      assert.match(said, /"pod":"echo-/, `on ${node}`)
    }
    for (const { name } of echoes) assert.equal((await throughPortForward<Echo>(NAME, `pod/${name}`, 8080)).pod, name)
  })

  test('adds and removes a pod within the time that a sandbox takes beside it', async (t) => {
    const conflist = JSON.parse(await lab.must('node1-lab', 'cat', '/etc/cni/net.d/05-balise.conflist')) as {
      readonly name: string
      readonly plugins: readonly object[]
    }
    const config = JSON.stringify({ ...conflist.plugins[0], name: conflist.name, cniVersion: '1.0.0' })
    const script = `
export CNI_PATH=/opt/cni/bin CNI_IFNAME=eth0
call() { t=$(date +%s%N); printf '%s' '${config}' | CNI_COMMAND=$1 /opt/cni/bin/balise-cni >/tmp/cni-said || exit 1; echo $1 $(($(date +%s%N) - t)); }
for i in $(seq 100); do
  export CNI_CONTAINERID=timed-$i CNI_NETNS=/run/netns/timed-$i
  ip netns add timed-$i; call ADD; call DEL; ip netns del timed-$i
done`
    const lines = (await lab.must('node1-lab', 'sh', '-c', script)).trim().split('\n')
    const addsMs = lines
      .flatMap((line) => (line.startsWith('ADD ') ? [Number(line.slice(4)) / 1e6] : []))
      .toSorted((a, b) => a - b)
    assert.equal(addsMs.length, 100)
    const metrics = await lab.kubectl('get', '--raw', '/api/v1/nodes/node1-lab/proxy/metrics')
    const metric = (name: string): number =>
      Number(new RegExp(`^kubelet_run_podsandbox_duration_seconds_${name}{[^}]*} (\\S+)`, 'm').exec(metrics)?.[1])
    t.diagnostic(
      `ADD p50 ${addsMs[50]?.toFixed(1)} ms, p99 ${addsMs[98]?.toFixed(1)} ms; a sandbox as a whole ${((metric('sum') / metric('count')) * 1000).toFixed(0)} ms`,
    )
    assert.ok((addsMs[50] ?? Number.NaN) < 100, `p50 ${addsMs[50]} ms`)
    const left = await lab.must('node1-lab', 'sh', '-c', 'ls /var/lib/balise/cni/addresses')
    const expected = (await runningPods(lab, '-A')).filter(({ node }) => node === 'node1-lab').flatMap(({ ips }) => ips)
    assert.deepEqual(left.trim().split('\n').toSorted(), expected.toSorted())
  })

  test('gives addresses back when pods go', async () => {
    await lab.kubectl('delete', 'daemonset', 'client', 'echo', '--wait')
    const script = 'ls /var/lib/balise/cni/addresses; ip -o link | grep -o "blc[0-9a-f]*"; true'
    const own = (await runningPods(lab, '-A')).filter(({ node }) => node === 'node2-lab')
    const lines = async (): Promise<readonly string[]> =>
      (await lab.must('node2-lab', 'sh', '-c', script)).split('\n').filter(Boolean)
    await waitFor(async () => (await lines()).length === own.length * 3, {
      what: `addresses and devices of ${own.length} pods to be left on node2-lab`,
      boundMs: 40_000,
      everyMs: 500,
    })
  })
})
