/** A version as numbers: `go1.26.8` and `v1.26.8` are [1, 26, 8]; what follows the numbers is not looked at. None: []. */
export function parseVersion(text: string): readonly number[] {
  const numbers = /\d+(?:\.\d+)*/.exec(text)?.[0] ?? ''
  return numbers === '' ? [] : numbers.split('.').map(Number)
}

/** Negative, 0 or positive as `a` is older than, the same as or newer than `b`; missing parts count as 0. */
export function compareVersions(a: readonly number[], b: readonly number[]): number {
  const length = Math.max(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** Is the version in `text` at least `least`? A text without a version is not. */
export function isAtLeast(text: string, least: string): boolean {
  const version = parseVersion(text)
  return version.length > 0 && compareVersions(version, parseVersion(least)) >= 0
}
