import { createDebianRoot, linkBusybox } from '#tools/image-root.ts'
import type { Recipe } from './recipe.ts'

const APPLETS: readonly string[] = [
  ...[
    'arping',
    'awk',
    'cat',
    'cp',
    'cut',
    'date',
    'dd',
    'echo',
    'env',
    'false',
    'find',
    'grep',
    'head',
    'hostname',
    'id',
    'ip',
  ],
  ...['kill', 'ls', 'mkdir', 'nslookup', 'ping', 'ping6', 'printf', 'ps', 'rm', 'sed', 'seq', 'sh', 'sleep', 'sort'],
  ...[
    'tail',
    'tee',
    'test',
    'time',
    'timeout',
    'top',
    'touch',
    'tr',
    'traceroute',
    'true',
    'uname',
    'uniq',
    'wc',
    'wget',
    'xargs',
  ],
]

/** What a test runs in a pod that is a client: busybox with its applets, curl and nc. */
export const client: Recipe = {
  name: 'balise/client',
  tag: 'lab',
  inputs: APPLETS,
  config: { entrypoint: [], cmd: ['sleep', 'infinity'] },
  makeRoot: async () => {
    const root = await createDebianRoot('client', ['busybox-static', 'curl', 'netcat-openbsd'])
    root.link('nc.openbsd', '/usr/bin/nc') // busybox's speaks no UDP
    linkBusybox(root, APPLETS)
    return root
  },
}
