/** A map in the order of its keys, as an AVL tree: every operation is O(log n), and walking on is O(1) on average. */
export interface Ordered<K, V> {
  readonly compare: (a: K, b: K) => number
  root: Branch<K, V> | undefined
  size: number
}

export interface Entry<K, V> {
  readonly key: K
  readonly value: V
}

interface Branch<K, V> {
  key: K
  value: V
  left: Branch<K, V> | undefined
  right: Branch<K, V> | undefined
  height: number
}

export function createOrdered<K, V>(compare: (a: K, b: K) => number): Ordered<K, V> {
  return { compare, root: undefined, size: 0 }
}

/** Puts a value under a key, in place of one that is there. */
export function put<K, V>(map: Ordered<K, V>, key: K, value: V): void {
  map.root = putInto(map, map.root, key, value)
}

function putInto<K, V>(map: Ordered<K, V>, branch: Branch<K, V> | undefined, key: K, value: V): Branch<K, V> {
  if (branch === undefined) {
    map.size += 1
    return { key, value, left: undefined, right: undefined, height: 1 }
  }
  const side = map.compare(key, branch.key)
  if (side < 0) branch.left = putInto(map, branch.left, key, value)
  else if (side > 0) branch.right = putInto(map, branch.right, key, value)
  else {
    branch.value = value
    return branch
  }
  return balance(branch)
}

/** Removes a key, if it is there. */
export function drop<K, V>(map: Ordered<K, V>, key: K): void {
  map.root = dropFrom(map, map.root, key)
}

function dropFrom<K, V>(map: Ordered<K, V>, branch: Branch<K, V> | undefined, key: K): Branch<K, V> | undefined {
  if (branch === undefined) return undefined
  const side = map.compare(key, branch.key)
  if (side < 0) branch.left = dropFrom(map, branch.left, key)
  else if (side > 0) branch.right = dropFrom(map, branch.right, key)
  else {
    map.size -= 1
    return without(branch)
  }
  return balance(branch)
}

/** What stands in the place of a branch that goes: its successor, or the one side that it has. */
function without<K, V>({ left, right }: Branch<K, V>): Branch<K, V> | undefined {
  if (left === undefined) return right
  if (right === undefined) return left
  const successor = leftmost(right)
  successor.right = withoutLeftmost(right)
  successor.left = left
  return balance(successor)
}

function leftmost<K, V>(branch: Branch<K, V>): Branch<K, V> {
  let found = branch
  while (found.left !== undefined) found = found.left
  return found
}

function withoutLeftmost<K, V>(branch: Branch<K, V>): Branch<K, V> | undefined {
  if (branch.left === undefined) return branch.right
  branch.left = withoutLeftmost(branch.left)
  return balance(branch)
}

function balance<K, V>(branch: Branch<K, V>): Branch<K, V> {
  const lean = heightOf(branch.left) - heightOf(branch.right)
  if (lean > 1) {
    const left = branch.left as Branch<K, V>
    if (heightOf(left.left) < heightOf(left.right)) branch.left = rotateLeft(left)
    return rotateRight(branch)
  }
  if (lean < -1) {
    const right = branch.right as Branch<K, V>
    if (heightOf(right.right) < heightOf(right.left)) branch.right = rotateRight(right)
    return rotateLeft(branch)
  }
  measure(branch)
  return branch
}

function rotateRight<K, V>(branch: Branch<K, V>): Branch<K, V> {
  const up = branch.left as Branch<K, V>
  branch.left = up.right
  up.right = branch
  measure(branch)
  measure(up)
  return up
}

function rotateLeft<K, V>(branch: Branch<K, V>): Branch<K, V> {
  const up = branch.right as Branch<K, V>
  branch.right = up.left
  up.left = branch
  measure(branch)
  measure(up)
  return up
}

function measure<K, V>(branch: Branch<K, V>): void {
  branch.height = 1 + Math.max(heightOf(branch.left), heightOf(branch.right))
}

function heightOf<K, V>(branch: Branch<K, V> | undefined): number {
  return branch === undefined ? 0 : branch.height
}

export function get<K, V>({ root, compare }: Ordered<K, V>, key: K): V | undefined {
  for (let branch = root; branch !== undefined; ) {
    const side = compare(key, branch.key)
    if (side === 0) return branch.value
    branch = side < 0 ? branch.left : branch.right
  }
  return undefined
}

export function first<K, V>({ root }: Ordered<K, V>): Entry<K, V> | undefined {
  return root === undefined ? undefined : leftmost(root)
}

/** The entry with the greatest key that is not after `key`. */
export function atOrBefore<K, V>({ root, compare }: Ordered<K, V>, key: K): Entry<K, V> | undefined {
  let found: Entry<K, V> | undefined
  for (let branch = root; branch !== undefined; ) {
    if (compare(branch.key, key) <= 0) {
      found = branch
      branch = branch.right
    } else branch = branch.left
  }
  return found
}

/** The entry with the least key after `key`. */
export function after<K, V>({ root, compare }: Ordered<K, V>, key: K): Entry<K, V> | undefined {
  let found: Entry<K, V> | undefined
  for (let branch = root; branch !== undefined; ) {
    if (compare(branch.key, key) > 0) {
      found = branch
      branch = branch.left
    } else branch = branch.right
  }
  return found
}

/** All entries in order. The map must not change meanwhile. */
export function* entries<K, V>({ root }: Ordered<K, V>): Generator<Entry<K, V>> {
  const path: Branch<K, V>[] = []
  let branch = root
  while (branch !== undefined || path.length > 0) {
    for (; branch !== undefined; branch = branch.left) path.push(branch)
    const here = path.pop() as Branch<K, V>
    yield here
    branch = here.right
  }
}
