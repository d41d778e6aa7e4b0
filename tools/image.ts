/** Builds Balise's OCI image in the cache: Debian's libraries, Node, the bundle, the BPF objects, the CNI plugin. Prints its path. */
import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildBpf } from './build-bpf.ts'
import { bundle, packageVersion } from './bundle.ts'
import { cacheKey, imagesDir } from './cache.ts'
import { cniPlugin } from './cni-plugin.ts'
import { keepNeededLibraries, keepPrograms } from './image-prune.ts'
import { createDebianRoot, createImageRoot, joinCertificates, linkBusybox } from './image-root.ts'
import { type ImageConfig, imageDigest, onceForKey, writeImage } from './oci.ts'
import { type Provenance, readProvenance } from './provenance.ts'
import { fail, say } from './setup-say.ts'

const TOP = join(import.meta.dirname, '..')
const HOME = '/usr/lib/balise'
/** The Node that npm brought: of a known version and, unlike a distribution's own, one file. */
const NODE = join(TOP, 'node_modules', `node-linux-${process.arch}`)
/** Node's bridge to C functions; it stands in Balise's own layer. */
const KOFFI = join(TOP, 'node_modules/@koromix', `koffi-linux-${process.arch}`, `linux_${process.arch}/koffi.node`)
/** What goes into Balise's layer, beside the packages that package-lock.json pins. */
const SOURCES: readonly string[] = ['src', 'bpf', 'cni', 'tools', 'package.json', 'package-lock.json', 'LICENSE']

/** libc, libstdc++ and libelf come with them; ip and nft make the pods' network; busybox is the shell of who looks into a running pod. */
const PACKAGES: readonly string[] = [
  'busybox-static',
  'ca-certificates',
  'iproute2',
  'libbpf1',
  'libstdc++6',
  'nftables',
]
/** Of these packages; `tc` and `bridge` are for who looks into a running pod. */
const PROGRAMS: readonly string[] = ['bridge', 'busybox', 'ip', 'nft', 'tc']
/** libbpf by koffi; the others by libc: for the end of a thread, and for names of hosts. */
const OPENED_LIBRARIES: readonly string[] = [
  ...['libbpf.so.1', 'libgcc_s.so.1', 'libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'],
]
const APPLETS: readonly string[] = [
  ...[
    'awk',
    'cat',
    'cut',
    'date',
    'echo',
    'env',
    'find',
    'grep',
    'head',
    'hostname',
    'id',
    'kill',
    'ls',
    'mkdir',
    'nc',
  ],
  ...[
    'nslookup',
    'ping',
    'ps',
    'rm',
    'sed',
    'sh',
    'sleep',
    'sort',
    'stat',
    'tail',
    'top',
    'tr',
    'uname',
    'vi',
    'wc',
    'wget',
  ],
]

/** An image in an OCI layout, under the reference `tag`. */
export interface BuiltImage {
  readonly name: string
  readonly tag: string
  readonly ociPath: string
  /** Of the manifest: `sha256:…`. */
  readonly digest: string
}

/** Builds what is out of date. The layer of Debian and Node changes seldom, the one of Balise with every change of its source. */
export async function buildImage(): Promise<BuiltImage> {
  const tag = packageVersion()
  const base = join(imagesDir(), 'balise-base')
  const ociPath = join(imagesDir(), 'balise')
  const baseKey = cacheKey(
    tag,
    readFileSync(join(NODE, 'package.json')),
    readFileSync('/etc/os-release'),
    ...sources(['tools/{oci,image,image-prune,image-root,elf-section,debs,debs-closure}.ts']),
  )
  await onceForKey(base, baseKey, () => writeBase(base, tag))
  const bpf = buildBpf()
  const plugin = await cniPlugin()
  const own = sources([
    'src/**/*.ts',
    'tools/bundle.ts',
    'package-lock.json',
    'package.json',
    'dist/bpf/balise_*.bpf.o',
    '{,bpf/}LICENSE*',
  ])
  const provenance = readProvenance(TOP, SOURCES, process.env)
  const key = cacheKey(baseKey, ...own, readFileSync(plugin), JSON.stringify(provenance))
  await onceForKey(ociPath, key, () => writeOwn({ layout: ociPath, tag, base, bpf, plugin, provenance }))
  return { name: 'balise/balise', tag, ociPath, digest: imageDigest(ociPath, tag) }
}

/** The image's configuration; `org.opencontainers.image.*` are the annotations of the OCI image specification. */
export function imageConfig(version: string, { revision, source, created }: Provenance): ImageConfig {
  return {
    created,
    entrypoint: ['/usr/bin/balise'],
    env: {
      BALISE_BPF_OBJECTS: `${HOME}/bpf`,
      // glibc raises this threshold with what is freed, and keeps as much of the heap: megabytes of Node's start
      MALLOC_TRIM_THRESHOLD_: String(128 * 1024),
      NODE_ENV: 'production',
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
    },
    labels: {
      'org.opencontainers.image.title': 'balise',
      'org.opencontainers.image.description': 'Bare-metal LoadBalancer for Kubernetes',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)',
      ...(revision !== undefined && { 'org.opencontainers.image.revision': revision }),
      ...(source !== undefined && { 'org.opencontainers.image.source': source }),
    },
  }
}

async function writeBase(layout: string, tag: string): Promise<void> {
  say('  base of the image: Debian libraries and Node')
  const root = await createDebianRoot('balise', PACKAGES)
  try {
    keepPrograms(root.folder, PROGRAMS)
    keepNeededLibraries(root.folder, OPENED_LIBRARIES, [join(NODE, 'bin', 'node'), KOFFI])
    joinCertificates(root)
    linkBusybox(root, APPLETS)
    root.copy(join(NODE, 'bin', 'node'), '/usr/bin/node', 0o755)
    writeImage(layout, tag, [root.folder], { entrypoint: [] })
  } finally {
    root.close()
  }
}

interface OwnParts {
  readonly layout: string
  readonly tag: string
  readonly base: string
  /** Folder of the compiled programs. */
  readonly bpf: string
  /** The CNI plugin's binary, which the agent puts on the host. */
  readonly plugin: string
  readonly provenance: Provenance
}

async function writeOwn({ layout, tag, base, bpf, plugin, provenance }: OwnParts): Promise<void> {
  say(`  image balise/balise:${tag}`)
  const root = createImageRoot('balise-own')
  try {
    const home = join(root.folder, HOME)
    await bundle(home)
    mkdirSync(join(home, 'bpf'))
    for (const file of globSync('balise_*.bpf.o', { cwd: bpf })) cpSync(join(bpf, file), join(home, 'bpf', file))
    for (const file of globSync('{,bpf/}LICENSE*', { cwd: TOP })) cpSync(join(TOP, file), join(home, file))
    root.copy(plugin, `${HOME}/cni/balise-cni`, 0o755)
    root.link(`${HOME}/balise.mjs`, '/usr/bin/balise')
    root.link(`${HOME}/balise.mjs`, '/usr/bin/cilium-dbg')
    writeImage(layout, tag, [root.folder], imageConfig(tag, provenance), base)
  } finally {
    root.close()
  }
}

function sources(patterns: readonly string[]): readonly (string | Uint8Array)[] {
  const files = globSync([...patterns], { cwd: TOP, exclude: ['**/*.test.ts'] }).sort()
  return files.flatMap((file) => [file, readFileSync(join(TOP, file))])
}

if (import.meta.main) {
  await buildImage().then(({ ociPath, tag }) => process.stdout.write(`${ociPath}:${tag}\n`), fail)
}
