/** Builds Balise's OCI image in the cache: Debian's libraries, Node, the bundle, the BPF objects. Prints its path. */
import { cpSync, globSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildBpf } from './build-bpf.ts'
import { bundle, packageVersion } from './bundle.ts'
import { cacheKey, imagesDir } from './cache.ts'
import { cniPlugin } from './cni-plugin.ts'
import { createDebianRoot, createImageRoot, joinCertificates, linkBusybox } from './image-root.ts'
import { type ImageConfig, onceForKey, writeImage } from './oci.ts'
import { fail, say } from './setup-say.ts'

const TOP = join(import.meta.dirname, '..')
const HOME = '/usr/lib/balise'
/** The Node that npm brought: of a known version and, unlike a distribution's own, one file. */
const NODE = join(TOP, 'node_modules', `node-linux-${process.arch}`)

/** libc, libstdc++ and libelf come with them; ip and nft make the pods' network; busybox is the shell of who looks into a running pod. */
const PACKAGES: readonly string[] = [
  'busybox-static',
  'ca-certificates',
  'iproute2',
  'libbpf1',
  'libstdc++6',
  'nftables',
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
    ...sources(['tools/{oci,image,image-root,debs,debs-closure}.ts']),
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
  const key = cacheKey(baseKey, ...own, readFileSync(plugin))
  await onceForKey(ociPath, key, () => writeOwn({ layout: ociPath, tag, base, bpf, plugin }))
  return { name: 'balise/balise', tag, ociPath }
}

/** The image's configuration; `org.opencontainers.image.*` are the annotations of the OCI image specification. */
export function imageConfig(version: string): ImageConfig {
  return {
    entrypoint: ['/usr/bin/balise'],
    env: {
      BALISE_BPF_OBJECTS: `${HOME}/bpf`,
      NODE_ENV: 'production',
      SSL_CERT_FILE: '/etc/ssl/certs/ca-certificates.crt',
    },
    labels: {
      'org.opencontainers.image.title': 'balise',
      'org.opencontainers.image.description': 'Bare-metal LoadBalancer for Kubernetes',
      'org.opencontainers.image.version': version,
      'org.opencontainers.image.licenses': 'Apache-2.0 AND (BSD-2-Clause OR GPL-2.0-only)',
    },
  }
}

async function writeBase(layout: string, tag: string): Promise<void> {
  say('  base of the image: Debian libraries and Node')
  const root = await createDebianRoot('balise', PACKAGES)
  try {
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
}

async function writeOwn({ layout, tag, base, bpf, plugin }: OwnParts): Promise<void> {
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
    writeImage(layout, tag, [root.folder], imageConfig(tag), base)
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
