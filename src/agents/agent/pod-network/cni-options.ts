import { WANTED_MODES } from '#cni/mode.ts'
import { ROUTING_MODES } from '#cni/peer-path.ts'
import { type OptionTable, oneOf, parseBoolean, parsePath, parsePrefixes, wholeNumber } from '#agents/settings.ts'
import { ok } from '#model/result.ts'

/** Largest MTU that IPv6 promises everywhere is 1280 (RFC 8200 section 5); below it there is no IPv6. */
const LEAST_MTU = 1280

/** Of the pods' network. Nothing is touched unless the mode is set: the chart sets `auto`. */
export const CNI_OPTIONS = {
  cniMode: {
    env: 'BALISE_CNI_MODE',
    type: WANTED_MODES.join(' | '),
    fallback: 'none',
    sentence:
      "Who makes the pods' network: full: we do; chained: another CNI does, our plugin runs behind it for host ports; none: another CNI does; auto: full where nobody else does, else none.",
    parse: oneOf(WANTED_MODES),
  },
  cniConfDir: {
    env: 'BALISE_CNI_CONF_DIR',
    type: 'path',
    fallback: '/etc/cni/net.d',
    sentence: 'Folder from which the container runtime reads network configurations, as this process sees it.',
    parse: parsePath,
  },
  cniBinDir: {
    env: 'BALISE_CNI_BIN_DIR',
    type: 'path',
    fallback: '/opt/cni/bin',
    sentence: 'Folder in which the container runtime looks for CNI plugins, as this process sees it.',
    parse: parsePath,
  },
  cniPlugin: {
    env: 'BALISE_CNI_PLUGIN',
    type: 'path',
    fallback: '',
    sentence: "The CNI plugin's binary that is installed there; empty: the one that came with this build.",
    parse: ok<string>,
  },
  cniExclusive: {
    env: 'BALISE_CNI_EXCLUSIVE',
    type: 'boolean',
    fallback: 'false',
    sentence: 'Where the mode is set to full, put network configurations of others aside, as `*.balise_bak`.',
    parse: parseBoolean,
  },
  cniCustomConf: {
    env: 'BALISE_CNI_CUSTOM_CONF',
    type: 'boolean',
    fallback: 'false',
    sentence:
      'Leave the network configuration to somebody else: routes, masquerade and plugin are made, no file is written.',
    parse: parseBoolean,
  },
  cniUninstall: {
    env: 'BALISE_CNI_UNINSTALL',
    type: 'boolean',
    fallback: 'false',
    sentence:
      'Remove our network configuration when the agent ends: no pod starts on the node until another agent comes.',
    parse: parseBoolean,
  },
  cniChainingTarget: {
    env: 'BALISE_CNI_CHAINING_TARGET',
    type: 'text',
    fallback: '',
    sentence: 'In the mode chained, the name of the network to run behind; empty: that of the first configuration.',
    parse: ok<string>,
  },
  stateDir: {
    env: 'BALISE_STATE_DIR',
    type: 'path',
    fallback: '/var/lib/balise',
    sentence: 'Folder on disk, under the same path here and on the host: given addresses, and what was there before.',
    parse: parsePath,
  },
  procSys: {
    env: 'BALISE_PROC_SYS',
    type: 'path',
    fallback: '/proc/sys',
    sentence: "Where the kernel's settings of the host can be written.",
    parse: parsePath,
  },
  routingMode: {
    env: 'BALISE_ROUTING_MODE',
    type: ROUTING_MODES.join(' | '),
    fallback: 'auto',
    sentence:
      'How packets get to pods of other nodes: auto: by routes to nodes on a shared subnet, through VXLAN to the others.',
    parse: oneOf(ROUTING_MODES),
  },
  tunnelPort: {
    env: 'BALISE_TUNNEL_PORT',
    type: 'port',
    fallback: '8472',
    sentence: 'UDP port of VXLAN, the same on all nodes.',
    parse: wholeNumber(1, 65535),
  },
  mtuBytes: {
    env: 'BALISE_MTU',
    type: 'octets',
    fallback: '0',
    sentence: "MTU of the network between the nodes; 0: that of the devices with the node's addresses.",
    parse: parseMtu,
  },
  masqueradeIpv4: {
    env: 'BALISE_MASQUERADE_IPV4',
    type: 'boolean',
    fallback: 'true',
    sentence: "In the mode full, what pods send out of the cluster by IPv4 bears their node's address.",
    parse: parseBoolean,
  },
  masqueradeIpv6: {
    env: 'BALISE_MASQUERADE_IPV6',
    type: 'boolean',
    fallback: 'true',
    sentence: "In the mode full, what pods send out of the cluster by IPv6 bears their node's address.",
    parse: parseBoolean,
  },
  nativeRoutingCidrs: {
    env: 'BALISE_NATIVE_ROUTING_CIDRS',
    type: 'list of CIDRs',
    fallback: '',
    sentence: "Networks that know the way to pods and see the pods' own addresses, comma separated.",
    parse: parsePrefixes,
  },
  nonMasqueradeCidrs: {
    env: 'BALISE_NON_MASQUERADE_CIDRS',
    type: 'list of CIDRs',
    fallback: '',
    sentence: "More destinations that see the pods' own addresses, as for ip-masq-agent, comma separated.",
    parse: parsePrefixes,
  },
} as const satisfies OptionTable

function parseMtu(text: string): ReturnType<ReturnType<typeof wholeNumber>> {
  return text === '0' ? ok(0) : wholeNumber(LEAST_MTU, 65_535)(text)
}
