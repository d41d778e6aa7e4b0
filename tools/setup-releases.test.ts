import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Release } from './setup-programs.ts'
import { ChecksumError, checksumOf, downloadReleases } from './setup-releases.ts'

const SUM = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

test('checksumOf() takes a checksum that stands alone', () => {
  assert.equal(checksumOf(SUM, 'kubectl'), SUM)
  assert.equal(checksumOf(`${SUM}\n`, 'kubectl'), SUM)
})

test('checksumOf() finds its file among the lines of sha256sum', () => {
  const lines = `${OTHER}  etcd-darwin.zip\n${SUM} *etcd-linux.tar.gz\n`
  assert.equal(checksumOf(lines, 'etcd-linux.tar.gz'), SUM)
  assert.equal(checksumOf(`${SUM}  ./out/helm.tar.gz\n`, 'helm.tar.gz'), SUM)
})

test('checksumOf() takes nothing from another file or from an error page', () => {
  assert.equal(checksumOf(`${OTHER}  etcd-darwin.zip\n`, 'etcd-linux.tar.gz'), undefined)
  assert.equal(checksumOf('<html>Sign in</html>', 'kubectl'), undefined)
  assert.equal(checksumOf('', 'kubectl'), undefined)
})

/** Serves these files on a port of loopback while `use` runs with its URL and a folder. */
async function withReleases(
  files: ReadonlyMap<string, Uint8Array | string>,
  use: (url: string, folder: string) => Promise<void>,
): Promise<void> {
  const server = createServer((request, response) => {
    const body = files.get(request.url ?? '')
    response.writeHead(body === undefined ? 404 : 200).end(body)
  })
  const folder = mkdtempSync(join(tmpdir(), 'balise-releases-'))
  try {
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, folder)
  } finally {
    server.close()
    rmSync(folder, { recursive: true })
  }
}

const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

function release(url: string, file: string, commands: Release['commands']): Release {
  return { url: `${url}/${file}`, checksumUrl: `${url}/${file}.sha256`, commands }
}

function helmArchive(): Uint8Array {
  const folder = mkdtempSync(join(tmpdir(), 'balise-archive-'))
  try {
    mkdirSync(join(folder, 'linux'))
    writeFileSync(join(folder, 'linux', 'helm'), 'I am helm', { mode: 0o755 })
    return execFileSync('tar', ['-cz', '-C', folder, 'linux'])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('downloadReleases() takes commands from plain files and from archives', async () => {
  const archive = helmArchive()
  const files = new Map<string, Uint8Array | string>([
    ['/kubectl', 'I am kubectl'],
    ['/kubectl.sha256', sha256('I am kubectl')],
    ['/helm.tar.gz', archive],
    ['/helm.tar.gz.sha256', `${sha256(archive)}  helm.tar.gz\n`],
  ])
  await withReleases(files, async (url, folder) => {
    const releases = [release(url, 'kubectl', [['kubectl', '']]), release(url, 'helm.tar.gz', [['helm', 'linux/helm']])]
    assert.equal(await downloadReleases(releases, folder), undefined)
    assert.equal(readFileSync(join(folder, 'kubectl'), 'utf8'), 'I am kubectl')
    assert.equal(readFileSync(join(folder, 'helm'), 'utf8'), 'I am helm')
    assert.equal(statSync(join(folder, 'kubectl')).mode & 0o111, 0o111)
  })
})

test('downloadReleases() refuses a file that has not its checksum', async () => {
  const files = new Map([
    ['/kubectl', 'I am someone else'],
    ['/kubectl.sha256', sha256('I am kubectl')],
  ])
  await withReleases(files, async (url, folder) => {
    await assert.rejects(downloadReleases([release(url, 'kubectl', [['kubectl', '']])], folder), ChecksumError)
  })
})

test('downloadReleases() says why it took nothing where there is no release', async () => {
  await withReleases(new Map(), async (url, folder) => {
    const one = release(url, 'kubectl', [['kubectl', '']])
    assert.match((await downloadReleases([one], folder)) ?? '', /kubectl\.sha256 answers 404$/)
  })
  const nobody = release('http://127.0.0.1:1', 'kubectl', [['kubectl', '']])
  assert.match((await downloadReleases([nobody], tmpdir())) ?? '', /^127\.0\.0\.1:1: /)
})
