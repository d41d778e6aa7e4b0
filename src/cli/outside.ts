import type { Outside } from './command.ts'
import type { Settings } from './program.ts'

/** The node that the command of these words runs on. Modules are loaded when a command needs them: most need one of the two. */
export function createOutside(settings: Settings, words: readonly string[]): Outside {
  return {
    nowMs: () => Date.now(),
    async openKube() {
      const { openKube } = await import('./kube.ts')
      return openKube()
    },
    async openNode(hostRoot) {
      const { openNode } = await import('./open-node.ts')
      return openNode(hostRoot, settings)
    },
    async readText(path) {
      const { readTextFile } = await import('./read-text.ts')
      return readTextFile(path)
    },
    async askAgent(path) {
      const { askAgent } = await import('./agent-client.ts')
      return askAgent(settings.socket, path, words)
    },
    async openMaps() {
      const { openPinnedMaps } = await import('#io/bpf/pinned-maps.ts')
      return openPinnedMaps({ folder: `${settings.bpfFs}/${settings.pinDir}`, mode: 'read' })
    },
  }
}
