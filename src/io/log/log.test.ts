import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Log } from '#ports/log.ts'
import { childLog, createLog, type LogLevel } from './log.ts'

function logged(level: LogLevel, write: (log: Log) => void): readonly Record<string, unknown>[] {
  const lines: string[] = []
  write(createLog({ level, fields: { node: 'n1' }, write: (line) => void lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('createLog() writes level, time, sentence and fields as one line of JSON', () => {
  const [line] = logged('info', (log) => log.info('Peer established', { peer: '192.0.2.1' }))
  const { time, ...rest } = line ?? {}
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  assert.deepEqual(rest, { level: 'info', node: 'n1', peer: '192.0.2.1', message: 'Peer established' })
})

test('createLog() leaves out what is below its level', () => {
  const lines = logged('warn', (log) => {
    log.debug('a')
    log.info('b')
    log.warn('c')
    log.error('d')
  })
  assert.deepEqual(
    lines.map(({ message }) => message),
    ['c', 'd'],
  )
})

test('createLog() shows the failure and the cause of an error', () => {
  const failure = { code: 'MapFull' }
  const error = Object.assign(new Error('Map is full', { cause: new Error('E2BIG') }), { failure })
  const [line] = logged('info', (log) => log.error('Not applied', { error }))
  const shown = line?.['error'] as {
    readonly message: string
    readonly failure: unknown
    readonly cause: { readonly message: string }
  }
  assert.deepEqual([shown.message, shown.failure, shown.cause.message], ['Map is full', failure, 'E2BIG'])
})

test('childLog() adds its fields, and those of the line win', () => {
  const [line] = logged('info', (log) => childLog(log, { part: 'l2', a: 1 }).info('x', { a: 2 }))
  assert.deepEqual([line?.['part'], line?.['a']], ['l2', 2])
})
