/** The name of our configuration in the folder from which the container runtime reads. */
export const CONFLIST_NAME = '05-balise.conflist'

/** Behind the names of foreign configurations that were put aside. */
export const ASIDE_SUFFIX = '.balise_bak'

/** A file of the folder with its text; undefined when it cannot be read. */
export interface ConfFile {
  readonly name: string
  readonly text: string | undefined
}

/** A network configuration as far as it matters here (CNI specification 1.1, section 1). */
export interface NetworkConf {
  readonly file: string
  /** `name` of the network; empty when the file has none. */
  readonly network: string
  readonly cniVersion: string
  /** Each as it stands in the file. A file for one plugin has that one. */
  readonly plugins: readonly Readonly<Record<string, unknown>>[]
  /** Why the container runtime cannot use it; undefined when it can. */
  readonly mistake: string | undefined
}

/** Names that container runtimes take for configurations (libcni `ConfFiles`); all else in the folder means nothing to them. */
export function isConfName(name: string): boolean {
  return /\.(conf|conflist|json)$/.test(name)
}

/** Those of others that make a network, in the order in which a container runtime reads them: by name, and it takes the first. */
export function foreignConfs(files: readonly ConfFile[]): readonly NetworkConf[] {
  return files
    .filter(({ name }) => isConfName(name) && name !== CONFLIST_NAME)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(readConf)
    .filter((conf) => !isLoopback(conf))
}

/** Distributions leave one for `lo` beside the real one, as `99-loopback.conf`. It is no network. */
function isLoopback(conf: NetworkConf): boolean {
  const types = pluginTypes(conf)
  return types.length > 0 && types.every((type) => type === 'loopback')
}

/** Plugins that ask other configurations of the folder for the pods' network. */
const META_PLUGINS: readonly string[] = ['multus', 'multus-shim']

/** It makes no network of its own, but adds to that of the next configuration. */
export function isMetaConf(conf: NetworkConf): boolean {
  return pluginTypes(conf).some((type) => META_PLUGINS.includes(type))
}

/** Types of the plugins that a configuration calls: the names of binaries. */
export function pluginTypes({ plugins }: NetworkConf): readonly string[] {
  return plugins.flatMap(({ type }) => (typeof type === 'string' ? [type] : []))
}

function readConf({ name, text }: ConfFile): NetworkConf {
  const unusable = (mistake: string): NetworkConf => ({
    file: name,
    network: '',
    cniVersion: '',
    plugins: [],
    mistake,
  })
  if (text === undefined) return unusable('cannot be read')
  const json = parseJson(text)
  if (!isRecord(json)) return unusable('is not a JSON object')
  const plugins = name.endsWith('.conflist') || Array.isArray(json['plugins']) ? json['plugins'] : [json]
  if (!Array.isArray(plugins) || plugins.length === 0 || !plugins.every(isRecord)) return unusable('has no plugins')
  return {
    file: name,
    network: typeof json['name'] === 'string' ? json['name'] : '',
    cniVersion: typeof json['cniVersion'] === 'string' ? json['cniVersion'] : '',
    plugins,
    mistake: plugins.every(({ type }) => typeof type === 'string') ? undefined : 'has a plugin without a type',
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // said by the caller, with the file's name
  }
}

function isRecord(json: unknown): json is Record<string, unknown> {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}
