/** Things that wait for their time. Adding one, and taking one that is due, costs O(log n). */
export interface Agenda<T> {
  add(dueMs: number, thing: T): void
  /** Takes out all that are due, in the order of their times. */
  takeDue(nowMs: number): readonly T[]
  /** The time of the first; undefined when there is none. */
  nextMs(): number | undefined
}

interface Entry<T> {
  readonly dueMs: number
  readonly thing: T
}

/** A binary heap: no entry is due before the one at half its index. */
export function createAgenda<T>(): Agenda<T> {
  const heap: Entry<T>[] = []
  const takeFirst = (): Entry<T> | undefined => {
    const first = heap[0]
    const last = heap.pop()
    if (last !== undefined && heap.length > 0) sink(heap, last)
    return first
  }
  return {
    add(dueMs, thing) {
      heap.push({ dueMs, thing })
      rise(heap)
    },
    takeDue(nowMs) {
      const due: T[] = []
      for (let first = heap[0]; first !== undefined && first.dueMs <= nowMs; first = heap[0]) {
        due.push(first.thing)
        takeFirst()
      }
      return due
    },
    nextMs: () => heap[0]?.dueMs,
  }
}

/** Puts the last entry where it belongs. */
function rise(heap: Entry<unknown>[]): void {
  let index = heap.length - 1
  const risen = heap[index]
  if (risen === undefined) return
  for (; index > 0; index = parentOf(index)) {
    const parent = heap[parentOf(index)]
    if (parent === undefined || parent.dueMs <= risen.dueMs) break
    heap[index] = parent
  }
  heap[index] = risen
}

/** Puts an entry in the place of the first, or below. */
function sink(heap: Entry<unknown>[], sunk: Entry<unknown>): void {
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    const child = (heap[left + 1]?.dueMs ?? Infinity) < (heap[left]?.dueMs ?? Infinity) ? left + 1 : left
    const entry = heap[child]
    if (entry === undefined || sunk.dueMs <= entry.dueMs) break
    heap[index] = entry
    index = child
  }
  heap[index] = sunk
}

function parentOf(index: number): number {
  return (index - 1) >> 1
}
