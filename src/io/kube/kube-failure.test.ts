import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failureOf, failureOfStatus } from './kube-failure.ts'

function status(code: number, reason: string, more: object = {}): string {
  return JSON.stringify({ kind: 'Status', status: 'Failure', code, reason, message: `${reason}!`, ...more })
}

test('failureOf() names what the server said', () => {
  const table: readonly (readonly [number, string, string])[] = [
    [400, 'BadRequest', 'Invalid'],
    [401, 'Unauthorized', 'Unauthorized'],
    [403, 'Forbidden', 'Forbidden'],
    [404, 'NotFound', 'NotFound'],
    [405, 'MethodNotAllowed', 'Invalid'],
    [408, 'Timeout', 'TimedOut'],
    [409, 'Conflict', 'Conflict'],
    [409, 'AlreadyExists', 'AlreadyExists'],
    [410, 'Expired', 'Gone'],
    [422, 'Invalid', 'Invalid'],
    [429, 'TooManyRequests', 'TooManyRequests'],
    [500, 'InternalError', 'ServerError'],
    [503, 'ServiceUnavailable', 'ServerError'],
    [504, 'Timeout', 'TimedOut'],
  ]
  for (const [code, reason, expected] of table) {
    const failure = failureOf(code, status(code, reason))
    assert.deepEqual([failure.code, failure.message], [expected, `${reason}!`], `${code} ${reason}`)
  }
})

test('failureOf() takes the wait from the header, else from the Status, within bounds', () => {
  const waits = [
    failureOf(429, '', '3'),
    failureOf(429, status(429, 'TooManyRequests', { details: { retryAfterSeconds: 5 } })),
    failureOf(429, ''),
    failureOf(429, '', 'tomorrow'),
    failureOf(429, '', '86400'),
    failureOf(429, '', '-1'),
  ]
  assert.deepEqual(
    waits.map((failure) => failure.code === 'TooManyRequests' && failure.retryAfterMs),
    [3_000, 5_000, 1_000, 1_000, 60_000, 1_000],
  )
})

test('failureOf() makes a message of what is no Status', () => {
  assert.equal(failureOf(502, '<html>Bad gateway</html>').message, '<html>Bad gateway</html>')
  assert.equal(failureOf(502, '').message, 'The API answered with HTTP 502')
  assert.equal(failureOf(502, 'null').message, 'null')
  assert.equal(failureOf(502, 'x'.repeat(5_000)).message.length, 200)
})

test('failureOfStatus() reads the ERROR of a watch', () => {
  assert.deepEqual(failureOfStatus({ code: 410, message: 'too old resource version: 1 (9)' }), {
    code: 'Gone',
    message: 'too old resource version: 1 (9)',
  })
  for (const odd of [{}, null, undefined, 'text', 7]) assert.equal(failureOfStatus(odd).code, 'ServerError')
})
