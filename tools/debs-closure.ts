/** Dependencies of Debian packages, by name; of alternatives and of virtual packages' providers the first. */
export type Dependencies = ReadonlyMap<string, readonly string[]>

/**
 * Reads the answer of `apt-cache depends` with all kinds of relations but (pre-)dependencies switched off. A line
 * `|Depends: a` is an alternative to the next one; `<name>` is virtual, and its providers stand indented below it.
 */
export function parseAptDepends(text: string): Dependencies {
  const dependencies = new Map<string, string[]>()
  let list: string[] = []
  let satisfied = false // an earlier alternative of this relation was taken
  let virtual = false
  for (const line of text.split('\n')) {
    const relation = /^ ([ |])(?:Pre)?Depends: (\S+)/.exec(line)
    const provider = /^ {4}(\S+)/.exec(line)
    if (relation) {
      const [, bar, name = ''] = relation
      virtual = !satisfied && name.startsWith('<')
      if (!satisfied && !virtual) list.push(name)
      satisfied = bar === '|'
    } else if (provider) {
      if (virtual) list.push(provider[1] ?? '')
      virtual = false
    } else if (/^\S/.test(line)) {
      list = []
      satisfied = false
      dependencies.set(line.trim(), list)
    }
  }
  return dependencies
}

/**
 * The packages named and what they need, as far as `follow` allows; sorted. `look` gives the dependencies of several packages
 * at once.
 */
export function closure(
  wanted: readonly string[],
  follow: (name: string) => boolean,
  look: (names: readonly string[]) => Dependencies,
): readonly string[] {
  const found = new Set(wanted)
  let fresh = [...found]
  while (fresh.length > 0) {
    const needed = [...look(fresh).values()].flat()
    fresh = [...new Set(needed)].filter((name) => !found.has(name) && follow(name))
    for (const name of fresh) found.add(name)
  }
  return [...found].sort()
}

/** Is it a package of shared libraries by Debian's naming? Those are what a program needs to run without being installed. */
export function isLibrary(name: string): boolean {
  return /^(lib|zlib1g$)/.test(name)
}
