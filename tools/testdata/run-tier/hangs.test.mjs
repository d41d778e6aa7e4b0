import { test } from 'node:test'

test('hangs', () => {
  for (;;);
})
