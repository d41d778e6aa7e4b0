/**
 * The life of an installation on nodes without a CNI: from NotReady to Ready, through agents that are killed or gone while pods start, an
 * upgrade and a rollback under traffic, a node that loses its power, to nodes that look as if Balise had never been there.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { helm } from '#lab/cluster/helm.ts'
import { CHART, prepareBalise } from '#lab/cluster/install-balise.ts'
import { readHierarchies } from '#lab/machine/hierarchies.ts'
import { waitFor } from '#lab/process/wait.ts'
import { readLab } from '#lab/state/lab-state.ts'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'
import { buildImage } from '#tools/image.ts'
import { type ClusterLab, openClusterLab } from './cluster-lab.ts'
import { differences, type NodeSnapshot, nodeSnapshot } from './node-snapshot.ts'
import { type RunningPod, runningPods } from './pods.ts'
import { startTraffic } from './traffic.ts'

const NAME = await testLabName('life')
const NODES = ['cp1-lab', 'node1-lab'] as const
const ADDRESS = '192.168.10.75'
/** From the start of the agent's container to a Ready node. */
const READY_BOUND_MS = 10_000

const manifest = (name: string): string => readFileSync(join(import.meta.dirname, 'manifests', `${name}.yaml`), 'utf8')
const MEBIBYTES_40 = 40 * 1024 * 1024

describe('an installation on nodes without a CNI', () => {
  let lab: ClusterLab
  const untouched = new Map<string, NodeSnapshot>()

  before(async () => {
    lab = await openClusterLab(NAME, 'talos-l2', '--bare')
    for (const node of NODES) untouched.set(node, await nodeSnapshot(lab, node))
  })
  after(async () => {
    await lab.down()
    assert.deepEqual(tracesOf(NAME), [])
  })

  const rollout = (what: string): Promise<string> => lab.kubectl('rollout', 'status', what, '--timeout=90s')
  const agentsRolled = (): Promise<string> =>
    lab.kubectl('rollout', 'status', '-n', 'kube-system', 'daemonset/balise', '--timeout=90s')
  const patch = (what: string, change: object, ...where: readonly string[]): Promise<string> =>
    lab.kubectl('patch', ...where, what, '--type=merge', '-p', JSON.stringify(change))
  const podsOn = async (node: string): Promise<readonly RunningPod[]> =>
    (await runningPods(lab, '-A')).filter((pod) => pod.node === node)

  /** Addresses that the plugin has given on a node. */
  const given = async (node: string): Promise<readonly string[]> =>
    (await lab.must(node, 'sh', '-c', 'ls /var/lib/balise/cni/addresses')).split('\n').filter(Boolean).toSorted()

  /** Waits until the addresses that are given on a node are those of its pods, and so are the devices. */
  const settled = async (node: string): Promise<void> => {
    let seen = ''
    const asked = async (): Promise<boolean> => {
      const pods = await podsOn(node)
      const devices = await lab.must(node, 'sh', '-c', 'ip -o link | grep -c " blc" || true')
      const wanted = pods.flatMap(({ ips }) => ips).toSorted()
      seen = `given ${(await given(node)).join(' ')}, ${devices.trim()} devices, pods ${wanted.join(' ')}`
      return (await given(node)).join() === wanted.join() && Number(devices) === pods.length
    }
    await waitFor(asked, { what: 'only pods to have addresses', boundMs: 60_000, everyMs: 500 }).catch(
      (error: unknown) => {
        throw new Error(`${node}: ${seen}`, { cause: error })
      },
    )
  }

  test('makes nodes Ready within ten seconds after the container of their agent has started', async (t) => {
    assert.equal((await lab.kubectl('get', 'nodes', '--no-headers')).match(/ NotReady /g)?.length, NODES.length)
    const state = readLab(NAME)
    await helm(NAME, await prepareBalise(NAME, state.topology, await buildImage(), readHierarchies()))
    await lab.kubectl('wait', '--for=condition=Ready', 'nodes', '--all', '--timeout=30s')
    for (const node of NODES) {
      const agent = [
        '-n',
        'kube-system',
        '-l',
        'app.kubernetes.io/component=agent',
        `--field-selector=spec.nodeName=${node}`,
      ]
      const started = '{.items[0].status.containerStatuses[?(@.name=="agent")].state.running.startedAt}'
      const ready = '{.status.conditions[?(@.type=="Ready")].lastTransitionTime}'
      const from = Date.parse(await lab.kubectl('get', 'pods', ...agent, '-o', `jsonpath=${started}`))
      const to = Date.parse(await lab.kubectl('get', 'node', node, '-o', `jsonpath=${ready}`))
      t.diagnostic(`${node} was Ready ${(to - from) / 1000} s after its agent's container had started`)
      assert.ok(to - from < READY_BOUND_MS)
    }
  })

  const answering = (): Promise<boolean> =>
    waitFor(async () => (await lab.on('client', 'curl', '-s', '-m', '1', `http://${ADDRESS}/`)).exitCode === 0, {
      what: `${ADDRESS} to answer`,
      boundMs: 30_000,
      everyMs: 200,
    })

  /** A download from the load balancer that takes about 20 s; gives how much came and curl's exit code. */
  const download = async (): Promise<string> => {
    const said = ['-s', '-o', '/dev/null', '--limit-rate', '2M', '-w', '%{size_download} %{exitcode}']
    return (await lab.on('client', 'curl', ...said, `http://${ADDRESS}/bytes?n=${MEBIBYTES_40}`)).stdout
  }

  test('starts pods and goes on with a download while the agents are killed', async () => {
    await lab.apply(manifest('pods'))
    await lab.apply(manifest('lan').replace('eth0', 'enp0s1'))
    for (const what of ['daemonset/echo', 'daemonset/client']) await rollout(what)
    await answering()
    const downloaded = download()
    await lab.apply(manifest('many'))
    for (let round = 0; round < 2; round++) {
      for (const node of NODES) await lab.lab('fault', '--no-follow', 'agent-kill', node).catch(() => '') // one that is down already cannot be killed
    }
    await rollout('deployment/many')
    assert.equal(await downloaded, `${MEBIBYTES_40} 0`)
    await agentsRolled()
    for (const node of NODES) await settled(node)
  })

  test('starts and ends pods where no agent is', async () => {
    const nowhere = {
      spec: { template: { spec: { nodeSelector: { 'kubernetes.io/os': 'linux', 'no-node': 'has-this' } } } },
    }
    const everywhere = { spec: { template: { spec: { nodeSelector: { 'no-node': null } } } } }
    await patch('daemonset/balise', nowhere, '-n', 'kube-system')
    await waitFor(
      async () =>
        (await lab.kubectl(
          'get',
          'pods',
          '-n',
          'kube-system',
          '-l',
          'app.kubernetes.io/component=agent',
          '-o',
          'name',
        )) === '',
      { what: 'the agents to be gone', boundMs: 60_000, everyMs: 300 },
    )
    assert.equal((await lab.kubectl('get', 'nodes', '--no-headers')).match(/ Ready /g)?.length, NODES.length)
    const before = new Set((await runningPods(lab, '-l', 'app=many')).map(({ name }) => name))
    await lab.kubectl('rollout', 'restart', 'deployment/many')
    await rollout('deployment/many')
    const now = await runningPods(lab, '-l', 'app=many')
    assert.ok(now.length > 0 && now.every(({ name }) => !before.has(name)))
    const echo = (await runningPods(lab, '-l', 'app=echo'))[0]
    const curl = ['curl', '-s', '-m', '3', `http://${echo?.ips[0]}:8080/`]
    for (const { name } of await runningPods(lab, '-l', 'app=client'))
      assert.match(await lab.kubectl('exec', name, '--', ...curl), /"protocol":"TCP"/)
    await patch('daemonset/balise', everywhere, '-n', 'kube-system')
    await agentsRolled()
    for (const node of NODES) await settled(node)
  })

  test('loses no request while it is upgraded and rolled back', async (t) => {
    await answering()
    const clients = await runningPods(lab, '-l', 'app=client')
    const echoes = await runningPods(lab, '-l', 'app=echo')
    const [from] = clients
    const across = echoes.find(({ node }) => node !== from?.node)
    assert.ok(from !== undefined && across !== undefined)
    const inPod = (...argv: readonly string[]): ReturnType<ClusterLab['on']> =>
      lab.on(`pod/default/${from.name}`, ...argv)
    const clusterIp = await lab.kubectl('get', 'service', 'echo', '-o', 'jsonpath={.spec.clusterIP}')
    const streams = {
      'client to the load balancer': startTraffic((...argv) => lab.on('client', ...argv), `http://${ADDRESS}/`),
      'pod to pod': startTraffic(inPod, `http://${across.ips[0]}:8080/`),
      'pod to ClusterIP': startTraffic(inPod, `http://${clusterIp}/`),
    }
    const downloaded = download()

    const wait = ['--namespace', 'kube-system', '--wait', '--timeout', '3m']
    const change = ['--set', 'podAnnotations.changed=yes', '--set', 'operator.podAnnotations.changed=yes']
    await lab.helm('upgrade', 'balise', CHART, '--reuse-values', ...change, ...wait)
    assert.equal(await agentAnnotation(), 'yes')
    await lab.helm('rollback', 'balise', '1', ...wait)
    assert.equal(await agentAnnotation(), '')
    await agentsRolled()

    for (const [what, stream] of Object.entries(streams)) {
      const { asked, failures } = await stream.stop()
      t.diagnostic(`${what}: ${asked} requests, ${failures.length} lost`)
      assert.deepEqual(failures, [], what)
    }
    assert.equal(await downloaded, `${MEBIBYTES_40} 0`)
  })

  const agentAnnotation = async (): Promise<string> => {
    const path = '{.spec.template.metadata.annotations.changed}'
    return await lab.kubectl('get', 'daemonset', 'balise', '-n', 'kube-system', '-o', `jsonpath=${path}`)
  }

  test('brings the pods of a node back that lost its power, and leaves no address of before', async () => {
    const node = 'node1-lab'
    const names = (await podsOn(node)).map(({ name }) => name).toSorted()
    await lab.lab('fault', '--no-follow', 'node-crash', node)
    await lab.lab('fault', '--no-follow', 'node-restore', node)
    await lab.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s')
    await agentsRolled()
    for (const what of ['daemonset/echo', 'daemonset/client', 'deployment/many']) await rollout(what)
    await settled(node)
    assert.deepEqual((await podsOn(node)).map(({ name }) => name).toSorted(), names)
    for (const { ips } of await runningPods(lab, '-l', 'app=echo'))
      for (const host of NODES)
        assert.match(await lab.must(host, 'curl', '-s', '-m', '3', `http://${ips[0]}:8080/`), /"pod":"echo-/)
  })

  /** What `status` prints on a node; empty while nobody can be asked. */
  const statusOf = (node: string): Promise<string> => lab.baliseText(node, 'status').catch(() => '')

  /** Waits until the agent of a node says something of the pods' network in its status, and then in an Event of the Node. */
  const said = async (node: string, reason: string, words: RegExp): Promise<void> => {
    const status = async (): Promise<boolean> => words.test(await statusOf(node))
    await waitFor(status, { what: `${reason} in the status of ${node}`, boundMs: 60_000, everyMs: 500 })
    const select = `--field-selector=involvedObject.kind=Node,involvedObject.name=${node},reason=${reason}`
    const events = async (): Promise<boolean> =>
      words.test(await lab.kubectl('get', 'events', '-A', select, '-o', 'jsonpath={.items[*].message}'))
    await waitFor(events, { what: `an Event ${reason} of ${node}`, boundMs: 30_000, everyMs: 500 })
  }
  /** Waits until the status of a node says it no more. */
  const forgotten = async (node: string, words: RegExp): Promise<void> => {
    const gone = async (): Promise<boolean> => {
      const status = await statusOf(node)
      return status !== '' && !words.test(status)
    }
    await waitFor(gone, { what: `the status of ${node} to be without ${words}`, boundMs: 60_000, everyMs: 500 })
  }

  test('says that another network is configured beside it, on the Node and in status', async () => {
    const file = '/etc/cni/net.d/20-other.conflist'
    const other = JSON.stringify({ cniVersion: '1.0.0', name: 'other', plugins: [{ type: 'bridge' }] })
    await lab.must('node1-lab', 'sh', '-c', `echo '${other}' >${file}`)
    await said('node1-lab', 'ForeignConf', /20-other\.conflist/)
    await lab.must('node1-lab', 'rm', file)
    await forgotten('node1-lab', /20-other/)
  })

  test('says that a Node has no podCIDR, on the Node and in status, and goes on when it has one', async () => {
    const node = 'node1-lab'
    const controllers = (signal: string): Promise<string> =>
      lab.must('infra', 'sh', '-c', `kill -${signal} $(pidof kube-controller-manager)`)
    const { metadata, spec } = JSON.parse(await lab.kubectl('get', 'node', node, '-o', 'json')) as {
      readonly metadata: { readonly labels: object }
      readonly spec: { readonly podCIDR: string; readonly podCIDRs: readonly string[] }
    }
    await controllers('STOP') // who would give it one at once
    try {
      await lab.kubectl('delete', 'node', node, '--wait=false')
      const bare = { apiVersion: 'v1', kind: 'Node', metadata: { name: node, labels: metadata.labels } }
      await lab.apply(JSON.stringify(bare))
      await said(node, 'NoPodCidr', /has no podCIDR/)
      const { podCIDR, podCIDRs } = spec
      await patch(node, { spec: { podCIDR, podCIDRs } }, 'node')
    } finally {
      await controllers('CONT')
    }
    await forgotten(node, /has no podCIDR/)
    await lab.kubectl('wait', '--for=condition=Ready', `node/${node}`, '--timeout=60s')
  })

  test('leaves nodes as they were, when it is uninstalled and cleaned up after', async () => {
    const image = await lab.kubectl(
      ...[
        'get',
        'daemonset',
        'balise',
        '-n',
        'kube-system',
        '-o',
        'jsonpath={.spec.template.spec.containers[0].image}',
      ],
    )
    await lab.kubectl('delete', '--wait', ...['-f', join(import.meta.dirname, 'manifests', 'pods.yaml')])
    await lab.kubectl('delete', '--wait', ...['-f', join(import.meta.dirname, 'manifests', 'many.yaml')])
    await lab.kubectl('scale', '-n', 'kube-system', 'deployment/coredns', '--replicas=0')
    await waitFor(async () => (await runningPods(lab, '-A')).length === 0, {
      what: 'the pods to be gone',
      boundMs: 60_000,
      everyMs: 500,
    })
    for (const node of NODES) await settled(node)
    await lab.kubectl('create', 'service', 'loadbalancer', 'left', '--tcp=80')
    const mirrors = (): Promise<string> =>
      lab.kubectl('get', 'leases', '-n', 'kube-system', '-l', 'balise.io/kind=l2announce', '-o', 'name')
    const seen = { boundMs: 30_000, everyMs: 500 }
    await waitFor(async () => (await mirrors()).includes('default-left'), { what: 'a mirror Lease', ...seen })
    await lab.helm('uninstall', 'balise', '--namespace', 'kube-system', '--wait')
    await waitFor(async () => (await mirrors()) === '', { what: 'the mirror Leases to be gone', ...seen })
    for (const node of NODES) {
      const debug = ['debug', `node/${node}`, '--profile=sysadmin', '-n', 'kube-system', `--image=${image}`]
      const created = await lab.kubectl(...debug, '--', 'balise', 'cleanup', '--host-root', '/host')
      const pod = /debugging pod (\S+) /.exec(created)?.[1] ?? ''
      await lab.kubectl(
        'wait',
        '-n',
        'kube-system',
        '--for=jsonpath={.status.phase}=Succeeded',
        `pod/${pod}`,
        '--timeout=60s',
      )
      assert.match(await lab.kubectl('logs', '-n', 'kube-system', pod), /^done: remove .*05-balise\.conflist$/m)
    }
    for (const node of NODES) {
      const before = untouched.get(node)
      assert.ok(before !== undefined && Object.values(before).flat().length > 100, 'there is something to compare with')
      assert.deepEqual(differences(before, await nodeSnapshot(lab, node)), [], node)
    }
    const notReady = /Ready +.*(NetworkPluginNotReady|cni plugin not initialized)/
    for (const node of NODES)
      await waitFor(async () => notReady.test(await lab.kubectl('describe', 'node', node)), {
        what: `${node} to be without a network`,
        boundMs: 30_000,
        everyMs: 500,
      })
  })
})
