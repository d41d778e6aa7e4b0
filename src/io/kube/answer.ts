import { KubeError, type KubeObject, type WatchEvent } from '#ports/kube-api.ts'
import { failureOfStatus } from './kube-failure.ts'

type Fields = Readonly<Record<string, unknown>>

export interface ListPage {
  readonly items: readonly KubeObject[]
  readonly resourceVersion: string
  /** Token of the next page. */
  readonly next: string | undefined
}

/** An answer that is not what the API promises throws a `ServerError`. */
export function parseAnswer(text: string): Fields {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw odd(`no JSON: ${text.slice(0, 100)}`, cause)
  }
  if (!isFields(value)) throw odd(`no object: ${text.slice(0, 100)}`)
  return value
}

export function readObject(value: unknown): KubeObject {
  if (!isFields(value) || !isFields(value['metadata'])) throw odd('an object without metadata')
  return value as unknown as KubeObject
}

export function readPage({ metadata, items }: Fields): ListPage {
  if (!isFields(metadata)) throw odd('a list without metadata')
  const list = items ?? []
  if (!Array.isArray(list)) throw odd('a list without items')
  return {
    items: list.map(readObject),
    resourceVersion: versionOf(metadata['resourceVersion']),
    next: textOf(metadata['continue']) || undefined,
  }
}

/** One line of a watch. An ERROR is thrown as what it says. */
export function readEvent(line: string): WatchEvent {
  const { type, object } = parseAnswer(line)
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: readObject(object) }
    case 'BOOKMARK':
      return { type, resourceVersion: versionOf(readObject(object).metadata.resourceVersion) }
    case 'ERROR':
      throw new KubeError(failureOfStatus(object))
    default:
      throw odd(`an event of type ${String(type)}`)
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A watch from no version at all would begin with what there is, and never tell what had gone. */
function versionOf(value: unknown): string {
  const version = textOf(value)
  if (version === '') throw odd('no resourceVersion')
  return version
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function odd(what: string, cause?: unknown): KubeError {
  return new KubeError({ code: 'ServerError', message: `The API answered with ${what}` }, { cause })
}
