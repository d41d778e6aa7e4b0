/** Puts `generated` between `<!-- name -->` and `<!-- /name -->`. A document without them is our own mistake, and throws. */
export function replaceSection(document: string, name: string, generated: string): string {
  const open = `<!-- ${name} -->`
  const close = `<!-- /${name} -->`
  const start = document.indexOf(open)
  const end = document.indexOf(close)
  if (start < 0 || end < start) throw new Error(`The document has no section ${open} ... ${close}`)
  return `${document.slice(0, start + open.length)}\n${generated}\n${document.slice(end)}`
}
