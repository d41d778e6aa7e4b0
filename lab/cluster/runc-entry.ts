import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { debsRoot } from '#tools/cache.ts'

/** Capability names by their bit (linux/capability.h). */
const CAPABILITIES = [
  ...[
    'CHOWN',
    'DAC_OVERRIDE',
    'DAC_READ_SEARCH',
    'FOWNER',
    'FSETID',
    'KILL',
    'SETGID',
    'SETUID',
    'SETPCAP',
    'LINUX_IMMUTABLE',
  ],
  ...[
    'NET_BIND_SERVICE',
    'NET_BROADCAST',
    'NET_ADMIN',
    'NET_RAW',
    'IPC_LOCK',
    'IPC_OWNER',
    'SYS_MODULE',
    'SYS_RAWIO',
    'SYS_CHROOT',
  ],
  ...[
    'SYS_PTRACE',
    'SYS_PACCT',
    'SYS_ADMIN',
    'SYS_BOOT',
    'SYS_NICE',
    'SYS_RESOURCE',
    'SYS_TIME',
    'SYS_TTY_CONFIG',
    'MKNOD',
    'LEASE',
  ],
  ...[
    'AUDIT_WRITE',
    'AUDIT_CONTROL',
    'SETFCAP',
    'MAC_OVERRIDE',
    'MAC_ADMIN',
    'SYSLOG',
    'WAKE_ALARM',
    'BLOCK_SUSPEND',
    'AUDIT_READ',
  ],
  ...['PERFMON', 'BPF', 'CHECKPOINT_RESTORE'],
]

/** The capabilities that no process here can get, read from the text of `/proc/self/status`. */
export function missingCapabilities(status: string): readonly string[] {
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '1ffffffffff'}`)
  return CAPABILITIES.filter((_, bit) => ((bounding >> BigInt(bit)) & 1n) === 0n).map((name) => `CAP_${name}`)
}

export function missingCapabilitiesHere(): readonly string[] {
  return missingCapabilities(readFileSync('/proc/self/status', 'utf8'))
}

/** Where the lab's entry to runc is on a node. */
export const RUNC_ENTRY = '/usr/local/bin/balise-lab-runc'

/**
 * The program that containerd runs for runc. runc refuses a container that asks for a capability which the bounding set lacks, so
 * these are taken out of the bundle first (`create`), or out of the process to add (`exec`), and the log of containerd says so.
 */
export function runcEntry(missing: readonly string[]): string {
  const runc = join(debsRoot(), 'usr/sbin/runc')
  if (missing.length === 0) return `#!/bin/sh\nexec ${runc} "$@"\n`
  const edits = missing.flatMap((name) => [`s/,"${name}"//g`, `s/"${name}",//g`, `s/\\["${name}"\\]/[]/g`])
  return `#!/bin/sh
file= previous= create=
for argument in "$@"; do
  case $previous in
  --bundle) bundle=$argument ;;
  --process) file=$argument ;;
  esac
  [ "$argument" = create ] && create=1
  previous=$argument
done
[ -n "$create" ] && file=\${bundle:-.}/config.json
if [ -n "$file" ] && grep -qE '"(${missing.join('|')})"' "$file"; then
  echo "balise-lab: ${missing.join(', ')} left out of $file: this machine's bounding set lacks it" >>/var/log/balise-lab-runc.log
  sed -i ${edits.map((edit) => `-e '${edit}'`).join(' ')} "$file"
fi
exec ${runc} "$@"
`
}
