import { StringDecoder } from 'node:string_decoder'

/** The answer is longer than anything a well-meaning server sends. */
export class BodyTooLong extends Error {
  constructor(limitOctets: number) {
    super(`The answer has more than ${limitOctets} octets`)
  }
}

/** The whole of a body as text. */
export async function readText(body: AsyncIterable<Uint8Array>, limitOctets: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > limitOctets) throw new BodyTooLong(limitOctets)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length).toString('utf8')
}

/** The lines of a body as they come, without empty ones. A rest without its newline was cut off and is left out. */
export async function* readLines(body: AsyncIterable<Uint8Array>, limitOctets: number): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  let pieces: string[] = []
  let length = 0
  for await (const chunk of body) {
    const parts = decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)).split('\n')
    for (const [index, part] of parts.entries()) {
      if (index > 0) {
        const line = pieces.join('')
        pieces = []
        length = 0
        if (line !== '') yield line
      }
      length += part.length
      if (length > limitOctets) throw new BodyTooLong(limitOctets)
      pieces.push(part)
    }
  }
}
