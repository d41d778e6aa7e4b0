import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checksumOf } from './setup-releases.ts'

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
