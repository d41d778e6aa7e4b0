import { HOST_PORT_TABLE, MASQUERADE_TABLE } from '#model/node-network.ts'
import { runProgram } from './run-program.ts'

const LIST = ['nft', '-json', 'list', 'table', 'inet', MASQUERADE_TABLE] as const

export interface MasqueradeState {
  readonly masquerade: string | undefined
  readonly masqueradeExists: boolean
  readonly hostPortsExist: boolean
}

/**
 * The table of nft. How the kernel lists a ruleset differs from how it was written, so what it listed right after it was set is kept to compare
 * with: whatever differs later was changed by somebody.
 */
export class MasqueradeTable {
  #set: { readonly ruleset: string; readonly listed: string } | undefined

  async read(): Promise<MasqueradeState> {
    const tables = await tableNames()
    const listed = tables.includes(MASQUERADE_TABLE) ? await list() : undefined
    const isUnchanged = listed !== undefined && listed === this.#set?.listed
    return {
      masquerade: isUnchanged ? this.#set?.ruleset : undefined,
      masqueradeExists: listed !== undefined,
      hostPortsExist: tables.includes(HOST_PORT_TABLE),
    }
  }

  /** Why it failed; undefined when it did not. */
  async set(ruleset: string): Promise<string | undefined> {
    this.#set = undefined
    const failure = await load(`${deletion(MASQUERADE_TABLE)}${ruleset}`)
    if (failure !== undefined) return failure
    const listed = await list()
    if (listed === undefined) return `table inet ${MASQUERADE_TABLE} is gone again`
    this.#set = { ruleset, listed }
    return undefined
  }

  async delete(): Promise<string | undefined> {
    this.#set = undefined
    return await deleteTable(MASQUERADE_TABLE)
  }
}

/** Deletes a table of family inet, also where it is gone already. Why it failed; undefined when it did not. */
export function deleteTable(name: string): Promise<string | undefined> {
  return load(deletion(name))
}

/** Deleting needs the table to be there, so it is added first; all of it is one transaction. */
function deletion(name: string): string {
  return `add table inet ${name}\ndelete table inet ${name}\n`
}

/** Of family inet; none where there is no nftables. */
async function tableNames(): Promise<readonly string[]> {
  const { code, stdout } = await runProgram(['nft', 'list', 'tables', 'inet'])
  return code === 0 ? [...stdout.matchAll(/^table inet (\S+)$/gm)].map(([, name]) => name ?? '') : []
}

async function load(text: string): Promise<string | undefined> {
  const { code, stderr } = await runProgram(['nft', '-f', '-'], text)
  return code === 0 ? undefined : (stderr.split('\n').find((line) => line.includes('Error')) ?? stderr).trim()
}

/** Without handles, which change by themselves. Undefined when there is no such table, or no nftables at all: setting it says why. */
async function list(): Promise<string | undefined> {
  const { code, stdout } = await runProgram(LIST)
  return code === 0 ? stdout.replaceAll(/"handle": \d+/g, '') : undefined
}
