import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BodyTooLong, readLines, readText } from './bounded-body.ts'

async function* body(...chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield new TextEncoder().encode(chunk)
}

async function lines(chunks: AsyncIterable<Uint8Array>, limit = 100): Promise<readonly string[]> {
  const read: string[] = []
  for await (const line of readLines(chunks, limit)) read.push(line)
  return read
}

test('readText() joins what comes in pieces', async () => {
  assert.equal(await readText(body('ab', '', 'c'), 3), 'abc')
})

test('readText() refuses more than its limit', async () => {
  await assert.rejects(readText(body('ab', 'cd'), 3), BodyTooLong)
})

test('readLines() cuts at newlines, wherever the pieces end', async () => {
  assert.deepEqual(await lines(body('a\nb', 'c\n', '\n', 'd', '\n')), ['a', 'bc', 'd'])
})

test('readLines() leaves out a line that was cut off', async () => {
  assert.deepEqual(await lines(body('a\nb')), ['a'])
})

test('readLines() keeps a character whose octets come in two pieces', async () => {
  const octets = new TextEncoder().encode('é\n')
  async function* halves(): AsyncGenerator<Uint8Array> {
    yield octets.subarray(0, 1)
    yield octets.subarray(1)
  }
  assert.deepEqual(await lines(halves()), ['é'])
})

test('readLines() refuses a line longer than its limit, and takes many short ones', async () => {
  await assert.rejects(lines(body('abc', 'def'), 5), BodyTooLong)
  assert.equal((await lines(body('abc\n', 'def\n', 'ghi\n'), 5)).length, 3)
})
