import type { LabState } from '#lab/state/lab-state.ts'
import { hostsOfRole } from '#lab/topology/topology.ts'

/** A few lines on what to try in a lab that stands. */
export function invitation({ name, topology }: LabState, withBalise: boolean): readonly string[] {
  const node = hostsOfRole(topology, 'node')[0]?.name ?? 'NODE'
  const tries: readonly (readonly [command: string, what: string])[] = [
    ['eval "$(bin/balise lab env)"', 'kubectl, helm and balise of this shell speak to the lab'],
    ['kubectl get pods -A -o wide', ''],
    ...(withBalise
      ? ([
          ['bin/balise lab exec client -- curl -s http://192.168.10.75', 'a client on the LAN asks the Service'],
          ['bin/balise lab exec client -- ip neigh', 'whose MAC the address has'],
        ] as const)
      : []),
    [`bin/balise lab fault node-crash ${node}`, 'power off; node-restore brings it back'],
    ['bin/balise lab ps', 'hosts and what they run'],
  ]
  const width = Math.max(...tries.map(([command]) => command.length))
  return [
    '',
    `Lab ${name} stands. From another shell in this folder, as root:`,
    ...tries.map(([command, what]) => `  ${command.padEnd(width)}  ${what}`.trimEnd()),
    'Ctrl-C takes it down.',
  ]
}
