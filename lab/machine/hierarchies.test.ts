import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseHierarchies } from './hierarchies.ts'

const line = (point: string, type: string, options: string): string =>
  `36 35 0:29 / ${point} rw,relatime shared:4 - ${type} ${type} rw,${options}`

describe('parseHierarchies()', () => {
  test('finds the one of a pure cgroup2 machine', () => {
    const mounts = [
      line('/', 'ext4', 'errors=remount-ro'),
      line('/sys/fs/cgroup', 'cgroup2', 'nsdelegate,memory_recursiveprot'),
    ]
    assert.deepEqual(parseHierarchies(mounts.join('\n')), [{ version: 2, mountPoint: '/sys/fs/cgroup', options: '' }])
  })

  test('finds all of a hybrid machine, with what mounts the same one again', () => {
    const mounts = [
      line('/sys/fs/cgroup', 'tmpfs', 'mode=755'),
      line('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', 'cpu,cpuacct'),
      line('/sys/fs/cgroup/cpuset', 'cgroup', 'cpuset,clone_children'),
      line('/sys/fs/cgroup/systemd', 'cgroup', 'xattr,release_agent=/lib/x,name=systemd'),
      line('/sys/fs/cgroup/unified', 'cgroup2', 'nsdelegate'),
    ]
    assert.deepEqual(
      parseHierarchies(mounts.join('\n')).map(
        ({ version, mountPoint, options }) => `${version} ${mountPoint} ${options}`,
      ),
      [
        '1 /sys/fs/cgroup/cpu,cpuacct cpu,cpuacct',
        '1 /sys/fs/cgroup/cpuset cpuset',
        '1 /sys/fs/cgroup/systemd none,name=systemd',
        '2 /sys/fs/cgroup/unified ',
      ],
    )
  })

  test('counts a hierarchy that is mounted twice once', () => {
    const mounts = [line('/sys/fs/cgroup', 'cgroup2', ''), line('/mnt/cgroup', 'cgroup2', '')]
    assert.equal(parseHierarchies(mounts.join('\n')).length, 1)
  })
})
