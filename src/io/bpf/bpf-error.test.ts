import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BpfError } from './bpf-error.ts'

const refused = (verifierLog: string): string =>
  new BpfError({
    code: 'LoadRefused',
    path: 'a.bpf.o',
    program: 'a',
    errno: 'EACCES',
    verifierLog,
    messages: ['what libbpf said'],
  }).message

test("BpfError shows the end of a long verifier's log, where its verdict stands, and how much came before", () => {
  const log = Array.from({ length: 1000 }, (_, line) => `line ${line}`).join('\n')
  const lines = refused(`${log}\n`).split('\n')
  assert.equal(lines[1], '(980 lines before)')
  assert.equal(lines[2], 'line 980')
  assert.equal(lines.at(-1), 'line 999')
})

test("BpfError shows a short verifier's log whole, and without one what libbpf said", () => {
  assert.match(refused('first\nlast\n'), /\nfirst\nlast$/)
  assert.match(refused(''), /\nwhat libbpf said$/)
})
