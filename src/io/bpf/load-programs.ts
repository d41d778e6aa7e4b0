import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { BpfError } from './bpf-error.ts'
import { type BpfObject, loadBpfObject } from './bpf-object.ts'
import type { ConstantValue } from './load-constants.ts'
import { copyPinned, differingLayout, type MapMigration, refuseOtherLayout } from './map-layout.ts'
import { pin } from './pin.ts'

export interface LoadOptions {
  /** Folder with the compiled objects, `balise_*.bpf.o`. */
  readonly objectsFolder: string
  /** `<bpffs>/<pin folder>`: maps are pinned here, each under its name. */
  readonly pinFolder: string
  /** Load-time constants, each for the objects that have it. One that no object has is `NoSuchConstant`. */
  readonly constants?: Readonly<Record<string, ConstantValue>>
  /** A pinned map of another layout: `refuse` throws, `migrate` replaces it and takes over what it held where that is possible. */
  readonly layoutChange: 'refuse' | 'migrate'
}

/** Loads all objects of the folder and pins their maps. Throws `BpfError`; nothing stays loaded then. */
export function loadPrograms(options: LoadOptions): {
  readonly objects: readonly BpfObject[]
  readonly migrations: readonly MapMigration[]
} {
  const objects: BpfObject[] = []
  const migrations: MapMigration[] = []
  try {
    for (const file of readdirSync(options.objectsFolder).sort()) {
      if (!/^balise_\w+\.bpf\.o$/.test(file)) continue
      const loaded = loadOne(join(options.objectsFolder, file), options)
      objects.push(loaded.object)
      migrations.push(...loaded.migrations)
    }
    checkConstants(objects, options.constants ?? {})
    return { objects, migrations }
  } catch (cause) {
    for (const object of objects) object.close()
    throw cause
  }
}

function loadOne(path: string, options: LoadOptions): { object: BpfObject; migrations: readonly MapMigration[] } {
  const pinOf = (map: string): string => join(options.pinFolder, map)
  const outdated: string[] = []
  const object = loadBpfObject({
    path,
    constants: options.constants ?? {},
    unknownConstants: 'skip',
    pinOf,
    beforeLoad(maps) {
      for (const map of maps) {
        if (options.layoutChange === 'refuse') refuseOtherLayout(map, pinOf(map.name))
        else if (differingLayout(map, pinOf(map.name)) !== undefined) {
          map.doNotReuse()
          outdated.push(map.name)
        }
      }
    },
  })
  const migrations = outdated.map((map) => {
    const migration = copyPinned(map, pinOf(map), object.mapFd(map))
    pin(object.mapFd(map), pinOf(map))
    return migration
  })
  return { object, migrations }
}

function checkConstants(objects: readonly BpfObject[], constants: Readonly<Record<string, ConstantValue>>): void {
  const known = [...new Set(objects.flatMap((object) => object.constants))]
  const constant = Object.keys(constants).find((name) => !known.includes(name))
  if (constant !== undefined) throw new BpfError({ code: 'NoSuchConstant', constant, known })
}
