import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ApiLab } from '#lab/api-lab.ts'
import { waitFor } from '#lab/process/wait.ts'
import { pkiPath } from '#lab/state/paths.ts'
import { testLabName } from '#lab/test-name.ts'
import { tracesOf } from '#lab/traces.ts'

describe('faults of the lab', () => {
  let lab: ApiLab
  before(async () => {
    lab = await ApiLab.open({ name: await testLabName('faults') })
    for (const host of ['client', ...lab.nodes]) {
      lab.launch(host, 'web', ['busybox', 'httpd', '-f', '-p', '80', '-h', '/etc'])
    }
    const everyone = async (): Promise<boolean> =>
      (await reaches('client', '192.168.10.215')) && (await reaches('client', '192.168.10.216'))
    await waitFor(everyone, { what: 'the web servers to answer', boundMs: 10_000 })
  })
  after(async () => {
    await lab[Symbol.asyncDispose]()
    assert.deepEqual(tracesOf(lab.state.name), [])
  })

  /** Does a host get an answer from the web server of another within a second? */
  const reaches = async (from: string, address: string): Promise<boolean> =>
    (await lab.attempt(from, ['curl', '-s', '-o', '/dev/null', '--max-time', '1', `http://${address}/hostname`]))
      .exitCode === 0
  const apiAnswers = async (node: string): Promise<boolean> => {
    const curl = ['curl', '-sk', '-o', '/dev/null', '--max-time', '2', 'https://localhost:7445/readyz']
    return (await lab.attempt(node, curl)).exitCode === 0
  }

  test('link-down takes the carrier away, link-up gives it back', async () => {
    const carrier = async (): Promise<string> =>
      (await lab.run('cp1-lab', ['cat', '/sys/class/net/eth0/carrier'])).trim()
    await lab.inject({ kind: 'link-down', host: 'cp1-lab' })
    assert.equal(await carrier(), '0')
    assert.equal(await reaches('client', '192.168.10.215'), false)
    await lab.inject({ kind: 'link-up', host: 'cp1-lab' })
    assert.equal(await carrier(), '1')
    assert.equal(await reaches('client', '192.168.10.215'), true)
  })

  test('partition parts two hosts and no others, until heal', async () => {
    await lab.inject({ kind: 'partition', a: 'client', b: 'cp1-lab' })
    assert.equal(await reaches('client', '192.168.10.215'), false)
    assert.equal(await reaches('client', '192.168.10.216'), true)
    assert.equal(await reaches('cp1-lab', '192.168.10.216'), true)
    await lab.inject({ kind: 'heal' })
    assert.equal(await reaches('client', '192.168.10.215'), true)
    await lab.inject({ kind: 'heal' }) // nothing to heal is no error
  })

  test('api-cut and api-hang part one node from the API, until api-restore', async () => {
    for (const kind of ['cut', 'hang'] as const) {
      await lab.inject({ kind: 'api', fault: { kind }, hosts: ['cp1-lab'] })
      assert.equal(await apiAnswers('cp1-lab'), false, kind)
      assert.equal(await apiAnswers('node1-lab'), true, kind)
      await lab.inject({ kind: 'api', fault: { kind: 'none' }, hosts: ['cp1-lab'] })
      assert.equal(await apiAnswers('cp1-lab'), true, kind)
    }
  })

  test('api-status answers every request of a node so, and api-restore ends it', async () => {
    const statusOf = async (): Promise<string> => {
      const curl = [
        'curl',
        '-s',
        '--cacert',
        pkiPath(lab.state.name, 'ca.crt'),
        '-w',
        ' %{http_code}',
        '--max-time',
        '2',
      ]
      return (await lab.attempt('cp1-lab', [...curl, 'https://localhost:7445/readyz'])).stdout
    }
    for (const code of [409, 410, 429]) {
      await lab.inject({ kind: 'api', fault: { kind: 'status', code }, hosts: ['cp1-lab'] })
      assert.match(await statusOf(), new RegExp(`"kind":"Status".*"code":${code}.* ${code}$`))
    }
    assert.equal(await apiAnswers('node1-lab'), true)
    await lab.inject({ kind: 'api', fault: { kind: 'none' }, hosts: ['cp1-lab'] })
    assert.equal(await statusOf(), 'ok 200')
  })

  test('node-crash takes a node with all it runs, node-restore brings it back as the same station', async () => {
    const mac = async (): Promise<string> => await lab.run('node1-lab', ['cat', '/sys/class/net/eth0/address'])
    const before = await mac()
    await lab.run('node1-lab', ['sh', '-c', 'echo lost >/etc/of-memory'])
    await lab.inject({ kind: 'node-crash', host: 'node1-lab' })
    assert.equal(await reaches('client', '192.168.10.216'), false)
    await assert.rejects(lab.run('node1-lab', ['true']), /Host node1-lab is off/)
    await assert.rejects(lab.inject({ kind: 'node-crash', host: 'node1-lab' }), /is off already/)

    await lab.inject({ kind: 'node-restore', host: 'node1-lab' })
    assert.equal(await mac(), before)
    assert.equal((await lab.attempt('node1-lab', ['test', '-e', '/etc/of-memory'])).exitCode, 1)
    await waitFor(() => apiAnswers('node1-lab'), { what: 'the way to the API to be there again', boundMs: 10_000 })
    await assert.rejects(lab.inject({ kind: 'node-restore', host: 'node1-lab' }), /is on already/)
  })

  test('a host writes to no file system but its own, and sees its own cgroup as the root', async () => {
    await lab.run('cp1-lab', [
      'sh',
      '-c',
      'mkdir -p /opt/cni/bin /etc/balise-lab-test; mount | grep -q "/sys/fs/bpf type bpf"',
    ])
    assert.equal((await lab.attempt('client', ['test', '-e', '/etc/balise-lab-test'])).exitCode, 1)
    assert.match(await lab.run('cp1-lab', ['cat', '/proc/self/cgroup']), /^0::\/system\/init$/m)
    assert.equal(await lab.run('cp1-lab', ['ls', '/sys/class/net']), 'eth0\nlo\n')
  })

  test('pods by hand reach each other across nodes', async () => {
    await lab.addPod({ node: 'cp1-lab', name: 'one', address: '10.244.0.9' })
    await lab.addPod({ node: 'node1-lab', name: 'two', address: '10.244.1.9' })
    lab.launch('node1-lab', 'web-two', [
      'ip',
      'netns',
      'exec',
      'two',
      'busybox',
      'httpd',
      '-f',
      '-p',
      '80',
      '-h',
      '/etc',
    ])
    const curl = [
      'curl',
      '-s',
      '--retry',
      '20',
      '--retry-connrefused',
      '--retry-delay',
      '1',
      'http://10.244.1.9/hostname',
    ]
    assert.equal(await lab.run('cp1-lab', ['ip', 'netns', 'exec', 'one', ...curl]), 'node1-lab\n')
  })
})
