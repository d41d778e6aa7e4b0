/** A link of a document, as it is written. */
export interface MarkdownLink {
  /** Counted from 1. */
  readonly line: number
  /** `install.md#build`, `https://…` */
  readonly target: string
}

/** A fenced block of code. */
export interface CodeBlock {
  /** The word behind the fence; empty when there is none. */
  readonly language: string
  readonly text: string
}

const FENCE = /^ *```(?<language>\S*)/
/** `[text](target)` and `![text](target "title")`; the text may hold brackets of its own, but no link. */
const LINK = /\[(?:[^[\]]|\[[^\]]*\])*\]\((?<target>[^()\s]+)(?:\s+"[^"]*")?\)/g
const HEADING = /^#{1,6} +(?<text>.*?)#* *$/

/** The links of a Markdown document, those in code left out. */
export function linksOf(document: string): readonly MarkdownLink[] {
  return prose(document).flatMap(({ line, text }) =>
    [...text.replaceAll(/`[^`]*`/g, (code) => '`'.repeat(code.length)).matchAll(LINK)].map((found) => ({
      line,
      target: found.groups?.['target'] ?? '',
    })),
  )
}

/** What a link may name behind `#`: the headings, as GitHub makes anchors of them. */
export function anchorsOf(document: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const { text } of prose(document)) {
    const heading = HEADING.exec(text)?.groups?.['text']
    if (heading === undefined) continue
    const anchor = anchorOf(heading)
    let unique = anchor
    for (let again = 1; anchors.has(unique); again++) unique = `${anchor}-${again}`
    anchors.add(unique)
  }
  return anchors
}

/** Letters, digits, `_` and `-` stay, in small letters; spaces become `-`; the rest goes. */
function anchorOf(heading: string): string {
  const text = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
  return text
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
    .replaceAll(' ', '-')
}

/** The fenced blocks of a document in their order. One that is not closed ends with the document. */
export function codeBlocksOf(document: string): readonly CodeBlock[] {
  const blocks: CodeBlock[] = []
  let open: { readonly language: string; readonly lines: string[] } | undefined
  for (const line of document.split('\n')) {
    const fence = FENCE.exec(line)
    if (fence === null) open?.lines.push(line)
    else if (open === undefined) open = { language: fence.groups?.['language'] ?? '', lines: [] }
    else {
      blocks.push({ language: open.language, text: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open !== undefined) blocks.push({ language: open.language, text: open.lines.join('\n') })
  return blocks
}

/** The lines outside of fenced blocks, with their numbers. */
function prose(document: string): readonly { readonly line: number; readonly text: string }[] {
  let inCode = false
  return document.split('\n').flatMap((text, index) => {
    if (FENCE.test(text)) {
      inCode = !inCode
      return []
    }
    return inCode ? [] : [{ line: index + 1, text }]
  })
}
