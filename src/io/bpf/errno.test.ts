import assert from 'node:assert/strict'
import { test } from 'node:test'
import { errnoName } from './errno.ts'

test('errnoName() names what bpf(2), netlink and packet sockets answer', () => {
  const numbers = [1, 2, 7, 11, 12, 13, 16, 17, 19, 22, 28, 95, 100, 105, 524]
  assert.deepEqual(numbers.map(errnoName), [
    ...['EPERM', 'ENOENT', 'E2BIG', 'EAGAIN', 'ENOMEM', 'EACCES', 'EBUSY', 'EEXIST', 'ENODEV', 'EINVAL', 'ENOSPC'],
    ...['EOPNOTSUPP', 'ENETDOWN', 'ENOBUFS', 'ENOTSUPP'],
  ])
})

test('errnoName() shows the number of one that it does not know', () => {
  assert.equal(errnoName(9999), 'errno 9999')
})
