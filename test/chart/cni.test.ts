import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseObjects, render, WITHOUT_HELM } from './helm.ts'

const HELM_TEST = { skip: WITHOUT_HELM }

interface Container {
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface PodSpec {
  readonly containers: readonly [Container]
  readonly volumes: readonly { readonly name: string; readonly hostPath?: { readonly path: string } }[]
}

/** What of the agent's pod is about the pods' network: settings, and folders of the host by where they are mounted. */
function rendered(...settings: readonly string[]): {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly folders: Readonly<Record<string, string | undefined>>
} {
  const objects = parseObjects(render(undefined, ...settings.flatMap((setting) => ['--set', setting])))
  const daemonSet = objects.find(({ kind }) => kind === 'DaemonSet')
  const spec = (daemonSet as unknown as { readonly spec: { readonly template: { readonly spec: PodSpec } } }).spec
    .template.spec
  const [{ env = [], volumeMounts = [] }] = spec.containers
  const pathOf = (name: string): string | undefined =>
    spec.volumes.find((volume) => volume.name === name)?.hostPath?.path
  return {
    env: Object.fromEntries(env.map(({ name, value }) => [name, value])),
    folders: Object.fromEntries(volumeMounts.map(({ name, mountPath }) => [mountPath, pathOf(name)])),
  }
}

const MODES: readonly (readonly [settings: readonly string[], mode: string])[] = [
  [[], 'auto'],
  [['cni.mode=full'], 'full'],
  [['cni.mode=none'], 'none'],
  [['cni.install=false'], 'none'],
  [['cni.chainingMode=flannel'], 'chained'],
  [['cni.chainingMode=generic-veth', 'cni.chainingTarget=cbr0'], 'chained'],
  [['cni.chainingMode=none'], 'auto'],
  [['cni.chainingMode=portmap'], 'auto'],
  [['cni.mode=full', 'cni.chainingMode=portmap'], 'full'],
]

for (const [settings, mode] of MODES) {
  test(`${settings.join(' ') || 'the default'} is CNI mode ${mode}`, HELM_TEST, () => {
    assert.equal(rendered(...settings).env['BALISE_CNI_MODE'], mode)
  })
}

test("the agent has the host's folders of the CNI where the values say they are", HELM_TEST, () => {
  const { env, folders } = rendered('cni.confPath=/var/lib/cni/net.d', 'cni.binPath=/usr/libexec/cni')
  assert.equal(folders[env['BALISE_CNI_CONF_DIR'] ?? ''], '/var/lib/cni/net.d')
  assert.equal(folders[env['BALISE_CNI_BIN_DIR'] ?? ''], '/usr/libexec/cni')
  assert.equal(folders['/var/lib/balise'], '/var/lib/balise')
  assert.equal(folders[`${env['BALISE_PROC_SYS']}/net`], '/proc/sys/net')
})

test('in mode none the agent has none of these folders, and nothing to say about them', HELM_TEST, () => {
  const { env, folders } = rendered('cni.mode=none')
  assert.deepEqual(
    Object.keys(folders).filter((path) => /cni|sysctl|proc|var\/lib/.test(path)),
    [],
  )
  assert.deepEqual(
    Object.keys(env).filter((name) => /^BALISE_(CNI|ROUTING|TUNNEL|MTU|MASQUERADE|PROC)/.test(name)),
    ['BALISE_CNI_MODE'],
  )
})

test('values of the network reach the agent', HELM_TEST, () => {
  const { env } = rendered(
    'routingMode=tunnel',
    'tunnelPort=4789',
    'MTU=9000',
    'enableIPv4Masquerade=false',
    'ipv4NativeRoutingCIDR=10.0.0.0/8',
    'ipv6NativeRoutingCIDR=fd00::/8',
    'cni.exclusive=false',
    'cni.uninstall=true',
  )
  const said = {
    BALISE_ROUTING_MODE: 'tunnel',
    BALISE_TUNNEL_PORT: '4789',
    BALISE_MTU: '9000',
    BALISE_MASQUERADE_IPV4: 'false',
    BALISE_MASQUERADE_IPV6: 'true',
    BALISE_NATIVE_ROUTING_CIDRS: '10.0.0.0/8,fd00::/8',
    BALISE_CNI_EXCLUSIVE: 'false',
    BALISE_CNI_UNINSTALL: 'true',
  }
  for (const [name, value] of Object.entries(said)) assert.equal(env[name], value, name)
})
