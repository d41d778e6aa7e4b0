import type { VersionData } from './run.ts'

/** `Balise 0.1.0 (Node 24.21.0, kernel 6.18.0, x64)` */
export function renderVersion({ balise, node, kernel, architecture }: VersionData): string {
  return `Balise ${balise} (Node ${node}, kernel ${kernel}, ${architecture})\n`
}
