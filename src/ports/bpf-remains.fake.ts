import type { BpfRemains } from './bpf-remains.ts'

/** Remains that are as the test says. */
export function createFakeBpfRemains(remains: readonly string[] = []): BpfRemains {
  let left = remains
  return {
    list: () => left,
    remove() {
      left = []
    },
  }
}
