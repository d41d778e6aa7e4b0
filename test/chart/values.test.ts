import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parse } from 'yaml'
import { parseYaml } from '#io/yaml/parse-yaml.ts'
import { checkValues, type Finding, isMistake } from '#values/check.ts'
import { NEEDED } from '#values/needed.ts'
import { valueAt } from '#values/presence.ts'
import { type Json, sameJson, type ValueRow } from '#values/row.ts'
import { sayMistake } from '#values/say.ts'
import { VALUE_TABLE } from '#values/table.ts'
import { CHART, HELM, WITHOUT_HELM } from './helm.ts'

const HELM_TEST = { skip: WITHOUT_HELM }
const VALUES = join(import.meta.dirname, 'values')

/** Each a values file that must not be installed, with what must be named. */
const BAD: readonly (readonly [name: string, text: string, named: readonly RegExp[]])[] = [
  ['a misspelt key', 'imgae: {tag: x}', [/imgae.*did you mean image\?/]],
  ['a misspelt key below', 'l2announcements: {leaseduration: 15s}', [/did you mean l2announcements\.leaseDuration\?/]],
  ['a key at the wrong place', 'leaseDuration: 15s', [/did you mean l2announcements\.leaseDuration\?/]],
  ['a key of nobody', 'somethingElse: 1', [/somethingElse: there is no such value; remove it/]],
  ['a number for a duration', 'l2announcements: {leaseDuration: 15}', [/l2announcements.leaseDuration/, /number/]],
  ['a text for a boolean', 'nodeIPAM: {enabled: "yes"}', [/nodeIPAM.enabled/, /boolean/]],
  ['a map for a text', 'k8sServiceHost: {a: 1}', [/k8sServiceHost/]],
  ['a text for a branch', 'hubble: "on"', [/hubble/, /object/]],
  ['a word that is none', 'logLevel: loud', [/logLevel/, /error/]],
  ['a number out of range', 'operator: {replicas: 0}', [/operator.replicas/]],
  ['a port that is none', 'k8sServiceHost: a\nk8sServicePort: 70000', [/k8sServicePort/]],
  [
    'the API server as a URL',
    'k8sServiceHost: "https://api"\nk8sServicePort: 6443',
    [/"https:\/\/api" is not a host name/],
  ],
  [
    'the API server with its port',
    'k8sServiceHost: "10.0.0.1:6443"\nk8sServicePort: 6443',
    [/is not a host name or an IP/],
  ],
  [
    'a range that is none',
    'ipv4NativeRoutingCIDR: 10.0.0.0/33',
    [/"10\.0\.0\.0\/33" is not a range like 10\.0\.0\.0\/8/],
  ],
  ['a range of the other family', 'ipv6NativeRoutingCIDR: 10.0.0.0/8', [/is not a range like fd00::\/8/]],
  ['an MTU below nothing', 'MTU: -1', [/MTU/, /minimum/]],
  ['an MTU below that of IPv6', 'MTU: 1279', [/MTU: IPv6 needs links of 1280 octets at least; set MTU: 1280 or more/]],
  ['the least MTU of all', 'MTU: 1', [/MTU: IPv6 needs/]],
  ['one port for two', 'healthPort: 9880', [/healthPort, operator\.healthPort: .*give them two ports/]],
  ['a duration that is too short', 'l2announcements: {leaseDuration: 1s}', [/"1s" is not a duration like 15s/]],
  ['encryption', 'encryption: {enabled: true, type: wireguard}', [/encryption\.enabled: true is refused.*KubeSpan/]],
  ['encryption by another name', 'extraConfig: {enable-wireguard: "true", x: y}', [/extraConfig\.enable-wireguard/]],
  ['a host firewall', 'hostFirewall: {enabled: true}', [/hostFirewall\.enabled/]],
  ['enforced policies', 'policyEnforcementMode: always', [/policyEnforcementMode: "always" is refused/]],
  ['an egress gateway', 'egressGateway: {enabled: true}', [/egressGateway\.enabled/]],
  ['authentication', 'authentication: {mutual: {spire: {enabled: true}}}', [/authentication\.mutual\.spire\.enabled/]],
  ['a mesh', 'clustermesh: {useAPIServer: true, config: {enabled: true}}', [/useAPIServer/, /config\.enabled/]],
  ['a cloud', 'eni: {enabled: true}\nipam: {mode: eni}', [/eni\.enabled/, /ipam\.mode: "eni" is refused/]],
  ['DSR', 'loadBalancer: {mode: dsr}', [/loadBalancer\.mode: "dsr".*externalTrafficPolicy: Local/]],
  ['Geneve', 'tunnelProtocol: geneve', [/tunnelProtocol: "geneve"/]],
  ['Geneve in the old word', 'tunnel: geneve', [/tunnel: "geneve".*routingMode/]],
  ['half of kube-proxy', 'kubeProxyReplacement: partial', [/kubeProxyReplacement: "partial"/]],
  [
    'SYS_MODULE',
    'securityContext: {capabilities: {ciliumAgent: [NET_ADMIN, SYS_MODULE]}}',
    [/Talos starts no container/],
  ],
  ['an image of Cilium', 'image: {repository: quay.io/cilium/cilium}', [/image\.repository.*Balise/]],
  ['an old word', 'masquerade: true\nnativeRoutingCIDR: 10.0.0.0/8', [/enableIPv4Masquerade/, /ipv4NativeRoutingCIDR/]],
  [
    'capabilities by their old name',
    'securityContext: {extraCapabilities: [SYS_ADMIN]}',
    [/capabilities\.ciliumAgent/],
  ],
  ['no agents', 'agent: false', [/agent: false is refused/]],
  ['an address without its port', 'k8sServiceHost: 192.168.1.1', [/k8sServicePort: 7445 for KubePrism/]],
  ['a mode and its opposite', 'cni: {mode: none, chainingMode: flannel}', [/cni\.mode, cni\.chainingMode/]],
  ['node ports of nobody', 'nodePort: {enabled: true}', [/kubeProxyReplacement, nodePort\.enabled/]],
  [
    'durations the wrong way round',
    'l2announcements: {leaseRenewDeadline: 20s}',
    [/leaseDuration.*leaseRenewDeadline/],
  ],
  ...['debug', 'rbac', 'serviceAccounts', 'nodeIPAM', 'metallb', 'cni', 'image', 'operator'].map(
    (section) =>
      [
        `a section ${section} with nothing in it`,
        `${section}:`,
        [new RegExp(`${section}\\..*: null is refused`)],
      ] as const,
  ),
  ['a namespace that is none', 'namespaceOverride: Kube_System', [/"Kube_System" is not the name of a namespace/]],
  ['several mistakes', 'hubbel: {enabled: true}\nencryption: {enabled: true}', [/hubbel/, /encryption\.enabled/]],
]

for (const [name, text, named] of BAD) {
  test(`Helm refuses ${name} in the words of values check`, HELM_TEST, () => {
    const findings = checked(text)
    const said = helmSays(text)
    assert.ok(findings.some(isMistake), 'values check finds nothing')
    assert.notEqual(said, undefined, 'Helm would install it')
    for (const word of named) assert.match(said ?? '', word)
    if (!said?.includes('schema'))
      assert.deepEqual(linesOf(said ?? ''), findings.filter(isMistake).map(sayMistake).toSorted())
  })
}

const GOOD: readonly (readonly [name: string, text: string])[] = [
  ['values that ask for nothing', 'encryption: {enabled: false}\nhostFirewall:\nclustermesh: {config: {clusters: []}}'],
  [
    'old words that are understood',
    'kubeProxyReplacement: disabled\ntunnel: disabled\ncontainerRuntime: {integration: containerd}',
  ],
  ['words of YAML 1.1', 'nodeIPAM: {enabled: on}\nhubble: {enabled: no}'],
  ['values of a parent chart', 'global: {anything: 1}'],
  [
    'ranges and an address of IPv6',
    'ipv4NativeRoutingCIDR: 255.0.0.0/8\nipv6NativeRoutingCIDR: "fd00::/8"\nk8sServiceHost: "fd00::1"\nk8sServicePort: 6443',
  ],
  ['the least MTU of IPv6', 'MTU: 1280'],
  ['the MTU of the devices', 'MTU: 0'],
  ['an MTU that is left out', 'MTU:'],
  ['ports that changed places', 'healthPort: 9880\noperator: {healthPort: 9879}'],
  ...readdirSync(VALUES).map((file) => [file, readFileSync(join(VALUES, file), 'utf8')] as const),
]

for (const [name, text] of GOOD) {
  test(`Helm and values check take ${name}`, HELM_TEST, () => {
    assert.deepEqual(checked(text).filter(isMistake), [])
    assert.equal(helmSays(text), undefined)
  })
}

test("Helm takes all defaults of Cilium's chart at once, but for its image and SYS_MODULE", HELM_TEST, () => {
  const values: Record<string, unknown> = {}
  for (const { key, ciliumDefault } of VALUE_TABLE.rows.values()) {
    if (ciliumDefault !== undefined) setAt(values, key.split('.'), ciliumDefault)
  }
  const said = linesOf(helmSays(JSON.stringify(values)) ?? '')
  assert.deepEqual(
    said.map((line) => line.split(':')[0]),
    ['image.repository', 'securityContext.capabilities.ciliumAgent'],
  )
})

test('Helm makes every refusal of the table, in the same words', HELM_TEST, () => {
  const values: Record<string, unknown> = {}
  const refusing = [...VALUE_TABLE.rows.values()].filter(({ refusal }) => refusal !== undefined)
  for (const row of refusing) setAt(values, row.key.split('.'), refusedValue(row))
  const text = JSON.stringify(values)
  const mistakes = checked(text).filter(isMistake)
  assert.equal(mistakes.filter(({ kind }) => kind === 'refused').length, refusing.length)
  assert.ok(refusing.length > 60)
  assert.deepEqual(linesOf(helmSays(text) ?? ''), mistakes.map(sayMistake).toSorted())
})

test(
  'the notes of an installation speak of every ignored value that is set, under the words of the table',
  HELM_TEST,
  () => {
    const values: Record<string, unknown> = {}
    const ignored = [...VALUE_TABLE.rows.values()].filter((row) => row.class === 'ignored' && row.refusal === undefined)
    for (const row of ignored) setAt(values, row.key.split('.'), otherValue(row))
    setAt(values, ['kubeProxyReplacement'], true)
    setAt(values, ['l2announcements', 'leaseRenewDeadline'], '3s')
    const text = JSON.stringify(values)
    const said = checked(text).flatMap((finding) => (finding.kind === 'ignored' && finding.said ? [finding] : []))
    assert.ok(said.length > 900)
    const notes = notesFor(text)
    const groups = Map.groupBy(said, ({ note, lacking }) => JSON.stringify([note, lacking]))
    const lines = [...groups.values()].map((group) => {
      const keys = group.map(({ key }) => key).toSorted()
      return `  ${keys.join(', ')}: ${group[0]?.note ?? ''}`
    })
    assert.deepEqual(
      notes
        .split('\n')
        .filter((line) => line.startsWith('  ') && !line.startsWith('  kubectl'))
        .map(sortedKeys)
        .toSorted(),
      lines.toSorted(),
    )
  },
)

test('every value that works is read by a template, or allows nothing but what is so anyway', () => {
  const templates = join(CHART, 'templates')
  const text = readdirSync(templates, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.(tpl|yaml|txt)$/.test(file))
    .map((file) => readFileSync(join(templates, file), 'utf8'))
    .join('\n')
    .replaceAll(/\((\.Values[\w.]*)\)/g, '$1')
  const worked = [...VALUE_TABLE.rows.values()].filter((row) => row.class === 'implemented')
  const unread = worked.map(({ key }) => key).filter((key) => !isRead(text, key))
  assert.deepEqual(unread.toSorted(), ['ipam.mode', 'loadBalancer.mode', 'serviceNoBackendResponse', 'tunnelProtocol'])
})

test('values.yaml has every default, and nothing that is not in the table', () => {
  const values = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Json
  const findings = checkValues(values, VALUE_TABLE)
  assert.deepEqual(
    findings.filter(({ kind }) => kind !== 'implemented'),
    [],
  )
})

test('Helm refuses nulls that take away what is needed, and renders without all other defaults', HELM_TEST, () => {
  const away: Record<string, unknown> = {}
  for (const key of NEEDED) setAt(away, key.split('.'), null)
  const text = JSON.stringify(away)
  assert.deepEqual(linesOf(helmSays(text) ?? ''), checked(text).filter(isMistake).map(sayMistake).toSorted())

  const rest: Record<string, unknown> = {}
  const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8')) as Json
  for (const key of VALUE_TABLE.rows.keys()) {
    if (valueAt(defaults, key) !== undefined && !NEEDED.includes(key)) setAt(rest, key.split('.'), null)
  }
  assert.ok(Object.keys(rest).length > 40)
  assert.deepEqual(checked(JSON.stringify(rest)).filter(isMistake), [])
  const { stdout, stderr } = spawnSync(HELM, ['template', 'balise', CHART, '--values', '-'], {
    input: JSON.stringify(rest),
    encoding: 'utf8',
  })
  assert.equal(stderr, '')
  assert.doesNotMatch(stdout, /nil|%!/)
})

test('a branch that is null takes away what is needed below it', () => {
  const keys = checked('securityContext:').flatMap((finding) => (finding.kind === 'refused' ? [finding.key] : []))
  assert.equal(keys.length, 3)
})

test('changed.yaml and further.yaml have every value at something else than its default', () => {
  const read = (path: string): Json => parse(readFileSync(path, 'utf8')) as Json
  const defaults = read(join(CHART, 'values.yaml'))
  const changed = ['changed', 'further'].map((name) => read(join(VALUES, `${name}.yaml`)))
  const unchanged = [...VALUE_TABLE.rows.keys()].filter((key) => {
    const usual = valueAt(defaults, key)
    return usual !== undefined && changed.every((values) => isUsual(valueAt(values, key), usual))
  })
  assert.deepEqual(unchanged, ['cni.install'], 'which is cni.mode: none')
})

function checked(text: string): readonly Finding[] {
  const [document] = parseYaml(text, '1.1')
  return document?.ok === true ? checkValues(document.value as Json, VALUE_TABLE) : assert.fail(text)
}

/** What `helm template` complains of; undefined when it renders. */
function helmSays(text: string): string | undefined {
  const { status, stderr } = spawnSync(HELM, ['template', 'balise', CHART, '--values', '-'], {
    input: text,
    encoding: 'utf8',
  })
  return status === 0 ? undefined : stderr
}

/** Also when it is not said at all. */
function isUsual(value: Json | undefined, usual: Json): boolean {
  return value === undefined || sameJson(value, usual)
}

function notesFor(text: string): string {
  const where = ['--dry-run=client', '--values', '-']
  const { stdout, stderr } = spawnSync(HELM, ['install', 'balise', CHART, ...where], { input: text, encoding: 'utf8' })
  assert.equal(stderr, '')
  return stdout.slice(stdout.indexOf('\nNOTES:\n'))
}

/** The first of some values that the row refuses. */
function refusedValue({ key }: ValueRow): Json {
  const candidates: readonly Json[] = [
    true,
    false,
    'something',
    'quay.io/cilium/cilium',
    1000,
    ['SYS_MODULE'],
    { a: 1 },
  ]
  const found = candidates.find((value) => {
    const values: Record<string, unknown> = {}
    setAt(values, key.split('.'), value)
    return checkValues(values as Json, VALUE_TABLE).some(({ kind }) => kind === 'refused')
  })
  return found ?? assert.fail(`Nothing is refused for ${key}`)
}

/** A value of the type of a row that is not Cilium's default. */
function otherValue({ types, bounds, ciliumDefault }: ValueRow): Json {
  if (bounds.oneOf !== undefined) return bounds.oneOf.find((one) => one !== ciliumDefault) ?? null
  if (bounds.pattern !== undefined) return '1s'
  if (types.includes('boolean')) return ciliumDefault !== true
  if (types.includes('integer') || types.includes('number')) return 99
  if (types.includes('text')) return 'something'
  return types.includes('list') ? ['something'] : { some: 'thing' }
}

function sortedKeys(line: string): string {
  const [keys = '', ...rest] = line.trim().split(': ')
  return `  ${keys.split(', ').toSorted().join(', ')}: ${rest.join(': ')}`
}

/** The lines of mistakes, sorted. */
function linesOf(said: string): readonly string[] {
  return [
    ...new Set([...said.matchAll(/^ {2}(?<line>\S.*)$/gm)].map(({ groups }) => groups?.['line'] ?? '')),
  ].toSorted()
}

function isRead(templates: string, key: string): boolean {
  const [last = '', ...parents] = key.split('.').toReversed()
  const branch = parents.toReversed().join('\\.')
  if (RegExp(`\\.Values\\.${key.replaceAll('.', '\\.')}\\b`).test(templates)) return true
  return (
    branch !== '' &&
    RegExp(`(with|:=) \\.Values\\.${branch} `).test(templates) &&
    RegExp(`\\.${last}\\b`).test(templates)
  )
}

function setAt(values: Record<string, unknown>, [first = '', ...rest]: readonly string[], value: Json): void {
  if (rest.length === 0) values[first] = value
  else setAt((values[first] ??= {}) as Record<string, unknown>, rest, value)
}
