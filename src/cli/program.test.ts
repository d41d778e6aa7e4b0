import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CommanderError } from 'commander'
import { COMMANDS } from './commands.ts'
import { createProgram, type Invocation } from './program.ts'

/** What the arguments come to; nothing is printed. */
async function parse(...args: readonly string[]): Promise<Invocation | string | undefined> {
  let got: Invocation | string | undefined
  const program = createProgram({
    name: 'balise',
    version: '0.1.0',
    commands: COMMANDS,
    onCommand: async (invocation) => {
      got = invocation
    },
    onProcess: async (name) => {
      got = name
    },
  })
  const quiet = { writeOut: () => {}, writeErr: () => {} }
  const silence = (command: typeof program): void => {
    command.configureOutput(quiet).exitOverride()
    for (const child of command.commands) silence(child)
  }
  silence(program)
  await program.parseAsync(['node', 'balise', ...args])
  return got
}

test('every command of the table is found by its words', async () => {
  for (const command of COMMANDS) {
    const operand = command.operand === undefined ? [] : ['x']
    assert.equal(((await parse(...command.words, ...operand)) as Invocation).command, command)
  }
})

test('flags, output and settings reach the command', async () => {
  const got = (await parse('bpf', 'lb', 'list', '--backends', '-o', 'json', '--bpf-fs', '/b')) as Invocation
  assert.deepEqual(got.flags, { frontends: false, backends: true, revnat: false })
  assert.equal(got.output, 'json')
  assert.deepEqual(got.settings, { socket: '/run/balise/agent.sock', bpfFs: '/b', pinDir: 'balise' })
})

test('flags that say where to look belong to commands that look there', async () => {
  for (const words of [['node', 'list'], ['ipam', 'explain', 'web'], ['values', 'check', 'x'], ['version']]) {
    await assert.rejects(parse(...words, '--socket', '/s'), CommanderError, words.join(' '))
  }
  await assert.rejects(parse('status', '--bpf-fs', '/b'), CommanderError)
  const got = (await parse('debuginfo', '--socket', '/s', '--pin-dir', 'p')) as Invocation
  assert.deepEqual(got.settings, { socket: '/s', bpfFs: '/sys/fs/bpf', pinDir: 'p' })
})

test('what a command is about reaches it by its name', async () => {
  const got = (await parse('ipam', 'explain', 'shop/web', '-o', 'json')) as Invocation
  assert.deepEqual(got.lists['service'], ['shop/web'])
  assert.equal(got.output, 'json')
})

test('a command may be about several things', async () => {
  const got = (await parse('values', 'check', 'a.yaml', '-', '-o', 'json')) as Invocation
  assert.deepEqual(got.lists['file'], ['a.yaml', '-'])
})

test('a flag with a value may be given several times', async () => {
  const got = (await parse('migrate', 'metallb', '-f', 'a.yaml', '--filename', 'b.yaml')) as Invocation
  assert.deepEqual(got.lists, { filename: ['a.yaml', 'b.yaml'] })
  assert.deepEqual(((await parse('migrate', 'metallb')) as Invocation).lists, { filename: [] })
})

test('flags and lists of several words reach the command by the names that they are typed by', async () => {
  const got = (await parse('cleanup', '--dry-run', '--host-root', '/host')) as Invocation
  assert.deepEqual(got.flags, { 'dry-run': true, force: false, pods: false })
  assert.deepEqual(got.lists, { 'host-root': ['/host'] })
})

test('the processes of the image are commands', async () => {
  assert.equal(await parse('agent'), 'agent')
  assert.equal(await parse('operator'), 'operator')
})

test('what is misused is refused with a code that is not 0', async () => {
  for (const args of [['nope'], ['status', '-o', 'xml'], ['status', '--nope'], ['status', 'extra'], ['service']]) {
    await assert.rejects(
      parse(...args),
      (error) => error instanceof CommanderError && error.exitCode !== 0,
      args.join(' '),
    )
  }
})

test('help and version are refused with code 0', async () => {
  for (const args of [['--help'], ['--version'], ['service', 'list', '--help']]) {
    await assert.rejects(
      parse(...args),
      (error) => error instanceof CommanderError && error.exitCode === 0,
      args.join(' '),
    )
  }
})
