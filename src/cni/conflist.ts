import { formatPrefix, type Prefix } from '#model/prefix.ts'
import type { NetworkConf } from './conf-files.ts'

/** The name of our plugin's binary, and so its `type`. */
export const PLUGIN_TYPE = 'balise-cni'

/** The newest version of the CNI specification that container runtimes in use read without `cniVersions`. */
const CNI_VERSION = '1.0.0'
const CNI_VERSIONS: readonly string[] = ['0.4.0', '1.0.0', '1.1.0']

export interface FullConflist {
  readonly podCidrs: readonly Prefix[]
  readonly mtuBytes: number
  readonly stateDir: string
}

/** The configuration under which our plugin is the whole network of a pod. The same input gives the same text. */
export function formatFullConflist({ podCidrs, mtuBytes, stateDir }: FullConflist): string {
  return format({
    cniVersion: CNI_VERSION,
    cniVersions: CNI_VERSIONS,
    name: 'balise',
    plugins: [
      {
        type: PLUGIN_TYPE,
        mode: 'full',
        podCidrs: podCidrs.map(formatPrefix),
        mtu: mtuBytes,
        stateDir,
        capabilities: { portMappings: true },
      },
    ],
  })
}

/** The configuration of another network with our plugin behind its own: host ports only. Keeps the other's name and version. */
export function formatChainedConflist(base: NetworkConf, stateDir: string): string {
  const own = { type: PLUGIN_TYPE, mode: 'chained', stateDir, capabilities: { portMappings: true } }
  const others = base.plugins.filter(({ type }) => type !== PLUGIN_TYPE).map(withoutListKeys)
  return format({
    cniVersion: base.cniVersion === '' ? CNI_VERSION : base.cniVersion,
    name: base.network === '' ? 'balise' : base.network,
    plugins: [...others, own],
  })
}

/** A file for one plugin has the keys of the list in it. */
function withoutListKeys(plugin: Readonly<Record<string, unknown>>): object {
  const { cniVersion: _version, name: _name, ...rest } = plugin
  return rest
}

function format(json: object): string {
  return `${JSON.stringify(json, undefined, 2)}\n`
}
