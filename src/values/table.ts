import { AGENT } from './keys/agent.ts'
import { BPF } from './keys/bpf.ts'
import { CLOUDS } from './keys/clouds.ts'
import { CLUSTER, RAW_SWITCHES } from './keys/cluster.ts'
import { HELPERS } from './keys/components.ts'
import { LAYER7 } from './keys/layer7.ts'
import { LOAD_BALANCING } from './keys/load-balancing.ts'
import { MESH } from './keys/mesh.ts'
import { CNI, PODS } from './keys/network.ts'
import { HUBBLE, METRICS } from './keys/observability.ts'
import { OPERATOR } from './keys/operator.ts'
import { OWN } from './keys/own.ts'
import { RETIRED } from './keys/retired.ts'
import { AUTHENTICATION, ENCRYPTION, POLICIES, TLS } from './keys/security.ts'
import type { ValueRow, ValueTable } from './row.ts'
import { type Node, rowsOf } from './tree.ts'

/** The version of Cilium whose keys and defaults these are. */
export const CILIUM_VERSION = '1.19'

/** The groups of the reference, in its order. */
export const GROUPS: readonly { readonly title: string; readonly trees: readonly Node[] }[] = [
  { title: 'Values of Balise alone', trees: [OWN] },
  { title: 'Services and their addresses', trees: [LOAD_BALANCING] },
  { title: 'CNI', trees: [CNI] },
  { title: 'Pods and the network between nodes', trees: [PODS] },
  { title: 'Cluster, API server, accounts', trees: [CLUSTER, RAW_SWITCHES] },
  { title: 'Agent', trees: [AGENT] },
  { title: 'Operator', trees: [OPERATOR] },
  { title: 'BPF and cgroups', trees: [BPF] },
  { title: 'Encryption and authentication', trees: [ENCRYPTION, AUTHENTICATION, TLS] },
  { title: 'Policies', trees: [POLICIES] },
  { title: 'Gateways, Ingress, Envoy', trees: [LAYER7] },
  { title: 'Flows and metrics', trees: [HUBBLE, METRICS] },
  { title: 'Several clusters', trees: [MESH] },
  { title: 'Clouds', trees: [CLOUDS] },
  { title: 'Helpers of the installation', trees: [HELPERS] },
  { title: 'Older spellings', trees: [RETIRED] },
]

/** Every key that a values file may have. Two rows of one key are our own mistake, and throw. */
export const VALUE_TABLE: ValueTable = tableOf(GROUPS.flatMap(({ trees }) => trees.flatMap(rowsOf)))

function tableOf(all: readonly ValueRow[]): ValueTable {
  const rows = new Map<string, ValueRow>()
  const branches = new Map<string, Set<string>>()
  for (const row of all) {
    if (rows.has(row.key)) throw new Error(`The value ${row.key} has two rows`)
    rows.set(row.key, row)
    const segments = row.key.split('.')
    for (const [depth, segment] of segments.entries()) {
      const branch = segments.slice(0, depth).join('.')
      branches.set(branch, (branches.get(branch) ?? new Set()).add(segment))
    }
  }
  return { rows, branches }
}
