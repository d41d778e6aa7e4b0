import assert from 'node:assert/strict'
import test from 'node:test'
import { reservePorts } from './reserved-ports.ts'

const NODE_PORTS = { min: 30_000, max: 32_767 }

test('reservePorts() leaves a kernel alone whose ephemeral ports keep clear of node ports', () => {
  assert.equal(reservePorts('32768\t60999\n', '\n', NODE_PORTS), undefined)
})

test('reservePorts() adds node ports that connections could take, to what is reserved', () => {
  assert.equal(reservePorts('15000 64000', '', NODE_PORTS), '30000-32767')
  assert.equal(reservePorts('15000\t64000', '8080,9148-9150\n', NODE_PORTS), '8080,9148-9150,30000-32767')
  assert.equal(reservePorts('32767 64000', '', NODE_PORTS), '30000-32767')
})

test('reservePorts() sees what is reserved already, in one range or in several, but not in half', () => {
  assert.equal(reservePorts('15000 64000', '30000-32767', NODE_PORTS), undefined)
  assert.equal(reservePorts('15000 64000', '80,31000-33000,30000-30999', NODE_PORTS), undefined)
  assert.equal(reservePorts('31000 64000', '31000-32767', NODE_PORTS), undefined)
  assert.equal(
    reservePorts('15000 64000', '30000-31000,31002-32767', NODE_PORTS),
    '30000-31000,31002-32767,30000-32767',
  )
})

test('reservePorts() makes nothing of what it cannot read', () => {
  assert.equal(reservePorts('', '', NODE_PORTS), undefined)
})
