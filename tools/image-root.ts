import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { cachePath } from './cache.ts'
import { packageClosure, unpackPackages } from './debs.ts'

/** Parts of Debian packages that nothing in a container reads. The copyright files stay, as the licences want. */
const UNUSED: readonly string[] = [
  'usr/share/{man,locale,info,lintian,bug,doc-base,bash-completion,apport,zsh,fish,gcc,gdb,initramfs-tools}',
  'usr/share/doc/*/!(copyright)',
  'usr/lib/*/{gconv,audit}',
  'usr/lib/{systemd,initramfs-tools,ufw,init}',
  'usr/include',
  'etc/{init.d,logrotate.d,ufw,cron.daily,default,gss,netconfig,nftables.conf}',
  'var/cache/*',
]

/** The file system of an image under way. */
export interface ImageRoot {
  readonly folder: string
  /** Writes a text file. */
  write(path: string, text: string, mode?: number): void
  /** Copies a file or folder of this machine. */
  copy(source: string, path: string, mode?: number): void
  link(target: string, path: string): void
  close(): void
}

/** A fresh folder with nothing but the users' names. */
export function createImageRoot(name: string): ImageRoot {
  const folder = cachePath('images', `.root-${name}-${process.pid}`)
  rmSync(folder, { recursive: true, force: true })
  const root = imageRoot(folder)
  root.write('/etc/passwd', 'root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n')
  root.write('/etc/group', 'root:x:0:\nnogroup:x:65534:\n')
  return root
}

/** A fresh folder with these Debian packages and the libraries they need, without what a container never reads. */
export async function createDebianRoot(name: string, packages: readonly string[]): Promise<ImageRoot> {
  const root = createImageRoot(name)
  const unpacked = cachePath('debs', `image-${name}`)
  await unpackPackages(packageClosure(packages), unpacked, `for the image ${name}`)
  cpSync(unpacked, root.folder, { recursive: true, verbatimSymlinks: true })
  for (const path of globSync([...UNUSED], { cwd: root.folder })) rmSync(join(root.folder, path), { recursive: true })
  return root
}

/** Puts Mozilla's certificates where OpenSSL looks; the package's own script, which does it, never runs here. */
export function joinCertificates(root: ImageRoot): void {
  const files = globSync('usr/share/ca-certificates/mozilla/*.crt', { cwd: root.folder }).sort()
  root.write(
    '/etc/ssl/certs/ca-certificates.crt',
    files.map((file) => readFileSync(join(root.folder, file), 'utf8')).join(''),
  )
  rmSync(join(root.folder, 'usr/share/ca-certificates'), { recursive: true, force: true })
}

/** Gives every applet of busybox that the root lacks its name. */
export function linkBusybox(root: ImageRoot, applets: readonly string[]): void {
  for (const applet of applets) {
    const path = `/usr/bin/${applet}`
    if (lstatSync(join(root.folder, path), { throwIfNoEntry: false }) === undefined) root.link('busybox', path)
  }
}

function imageRoot(folder: string): ImageRoot {
  const place = (path: string) => {
    const full = join(folder, path)
    mkdirSync(dirname(full), { recursive: true })
    return full
  }
  for (const path of ['proc', 'sys', 'dev', 'run', 'root', 'usr/bin'])
    mkdirSync(join(folder, path), { recursive: true })
  mkdirSync(join(folder, 'tmp'))
  chmodSync(join(folder, 'tmp'), 0o1777)
  return {
    folder,
    write: (path, text, mode = 0o644) => writeFileSync(place(path), text, { mode }),
    copy: (source, path, mode) => {
      cpSync(source, place(path), { recursive: true, dereference: true })
      if (mode !== undefined) chmodSync(join(folder, path), mode)
    },
    link: (target, path) => symlinkSync(target, place(path)),
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}
