import { join } from 'node:path'
import type { TestContext } from 'node:test'

/**
 * Compares text with a golden file in `testdata/` beside the test. To write it anew: `bin/node --test --test-update-snapshots FILE`,
 * and look at the diff.
 */
export function assertGolden(t: TestContext, folder: string, name: string, text: string): void {
  t.assert.fileSnapshot(text, join(folder, 'testdata', name), { serializers: [(value: string) => value] })
}
