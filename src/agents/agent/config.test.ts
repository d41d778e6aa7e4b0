import assert from 'node:assert/strict'
import test from 'node:test'
import { formatConfigMistake } from '#agents/settings.ts'
import { AGENT_OPTIONS, readAgentSettings } from './config.ts'

test('readAgentSettings() needs the name of the node alone', () => {
  const settings = readAgentSettings({ BALISE_NODE_NAME: 'cp1-lab' })
  assert.ok(settings.ok)
  assert.deepEqual(settings.value, {
    nodeName: 'cp1-lab',
    namespace: 'kube-system',
    apiHost: '',
    apiPort: 0,
    bpfFs: '/sys/fs/bpf',
    pinDir: 'balise',
    cgroupRoot: '/sys/fs/cgroup',
    bpfObjects: '',
    devices: [],
    tcMechanism: 'auto',
    leaseDurationSeconds: 15,
    l2Enabled: true,
    enableMetallb: false,
    metallbNamespace: 'metallb-system',
    kubeProxyReplacement: false,
    nodePorts: { min: 30_000, max: 32_767 },
    snatPorts: { min: 10_240, max: 29_999 },
    cniMode: 'none',
    cniConfDir: '/etc/cni/net.d',
    cniBinDir: '/opt/cni/bin',
    cniPlugin: '',
    cniExclusive: false,
    cniCustomConf: false,
    cniUninstall: false,
    cniChainingTarget: '',
    stateDir: '/var/lib/balise',
    procSys: '/proc/sys',
    routingMode: 'auto',
    tunnelPort: 8472,
    mtuBytes: 0,
    masqueradeIpv4: true,
    masqueradeIpv6: true,
    nativeRoutingCidrs: [],
    nonMasqueradeCidrs: [],
    socket: '/run/balise/agent.sock',
    healthPort: 9879,
    auditSeconds: 5,
    logLevel: 'info',
  })
})

test('readAgentSettings() lists all mistakes with variable and value', () => {
  const settings = readAgentSettings({
    BALISE_LEASE_DURATION_SECONDS: '0',
    BALISE_TC_MECHANISM: 'xdp',
    BALISE_SNAT_PORTS: '9-1',
    BALISE_SOCKET: 'agent.sock',
    BALISE_L2_ENABLED: 'yes',
  })
  assert.ok(!settings.ok)
  assert.deepEqual(settings.error.map(formatConfigMistake), [
    'BALISE_NODE_NAME is not set',
    'BALISE_TC_MECHANISM "xdp" is none of auto, tcx, clsact',
    'BALISE_LEASE_DURATION_SECONDS "0" is not a whole number from 1 to 3600',
    'BALISE_L2_ENABLED "yes" is neither true nor false',
    'BALISE_SNAT_PORTS "9-1" is not a range of ports like 10240-29999',
    'BALISE_SOCKET "agent.sock" is not an absolute path',
  ])
})

test('readAgentSettings() reads patterns of devices, comma separated', () => {
  const settings = readAgentSettings({ BALISE_NODE_NAME: 'a', BALISE_DEVICES: '^eth0$, bond.* ,' })
  assert.deepEqual(settings.ok && settings.value.devices, ['^eth0$', 'bond.*'])
})

test('every option says in a sentence what it is for', () => {
  for (const { sentence, env } of Object.values(AGENT_OPTIONS)) {
    assert.match(sentence, /\.$/, env)
    assert.match(env, /^BALISE_[A-Z0-9_]+$/)
  }
})
