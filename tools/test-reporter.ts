import { relative } from 'node:path'
import type { EventData } from 'node:test'
import type { TestEvent as NodeTestEvent } from 'node:test/reporters'
import { encodeTestEvent, type TestEvent } from './test-events.ts'

/** A reporter for `node --test --test-reporter`: one record for each test that ended, and what the test files print. */
export default async function* report(source: AsyncIterable<NodeTestEvent>): AsyncGenerator<string> {
  for await (const event of source) {
    if (event.type === 'test:pass' || event.type === 'test:fail') {
      const ended = read(event.type, event.data)
      if (ended !== undefined) yield encodeTestEvent(ended)
    } else if (event.type === 'test:stdout' || event.type === 'test:stderr') yield event.data.message
  }
}

/** Undefined for what is no test: a suite that went well, whose tests were counted already. */
function read(type: 'test:pass' | 'test:fail', data: EventData.TestPass | EventData.TestFail): TestEvent | undefined {
  const failed = type === 'test:fail'
  if (data.details.type === 'suite' && !failed) return undefined
  const file = data.file === undefined ? '' : relative(process.cwd(), data.file)
  const base = { name: data.name, file, durationMs: data.details.duration_ms }
  const skip = data.skip ?? data.todo
  if (skip !== undefined && skip !== false) {
    return { ...base, outcome: 'skipped', detail: typeof skip === 'string' ? skip : 'no reason given' }
  }
  // The runner counts a file that holds no test as one that passed.
  if (!failed && (data.name === data.file || data.name === file)) {
    return { ...base, outcome: 'failed', detail: 'The file holds no test' }
  }
  return failed
    ? { ...base, outcome: 'failed', detail: describe((data.details as EventData.TestFail['details']).error) }
    : { ...base, outcome: 'passed', detail: '' }
}

/** The error's cause is what the test threw, and may have causes of its own; the error around it is the runner's. */
function describe(error: Error): string {
  if (!(error.cause instanceof Error)) return typeof error.cause === 'string' ? error.cause : error.message
  const texts: string[] = []
  for (let cause: unknown = error.cause; cause instanceof Error; cause = cause.cause) {
    texts.push(cause.stack ?? cause.message)
  }
  return texts.join('\nCaused by: ')
}
