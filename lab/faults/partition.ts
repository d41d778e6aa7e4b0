import { netnsPath, SWITCH } from '#lab/machine/names.ts'
import { attempt, run } from '#lab/process/run.ts'

/** A table of the switch for bridged frames (nft(8), family bridge). Ports are named after their hosts. */
const TABLE = 'balise-lab-partition'

/** The switch drops every frame between two hosts from now on. */
export async function partition(lab: string, a: string, b: string): Promise<void> {
  const rules = `table bridge ${TABLE} {
  chain forward {
    type filter hook forward priority filter;
    iifname "${a}" oifname "${b}" drop
    iifname "${b}" oifname "${a}" drop
  }
}
`
  await inSwitch(lab, ['nft', '-f', '-'], rules)
}

/** The switch passes everything again. */
export async function heal(lab: string): Promise<void> {
  const enter = ['nsenter', `--net=${netnsPath(lab, SWITCH)}`]
  const { stdout } = await attempt([...enter, 'nft', 'list', 'tables', 'bridge'])
  if (stdout.includes(TABLE)) await inSwitch(lab, ['nft', 'delete', 'table', 'bridge', TABLE])
}

async function inSwitch(lab: string, argv: readonly string[], input = ''): Promise<void> {
  await run(['nsenter', `--net=${netnsPath(lab, SWITCH)}`, ...argv], { input })
}
