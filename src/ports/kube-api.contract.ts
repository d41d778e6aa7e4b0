import { after, before, suite } from 'node:test'
import { kubeReadContract } from './kube-read.contract.ts'
import { kubeWatchContract } from './kube-watch.contract.ts'
import { type KubeApiWorld, widgetsOf } from './kube-widgets.contract.ts'
import { kubeWriteContract } from './kube-write.contract.ts'

/** What the in-memory API and the real client on a real server both keep to. */
export function kubeApiContract(name: string, open: () => Promise<KubeApiWorld>): void {
  suite(`KubeApi contract: ${name}`, () => {
    let world: KubeApiWorld
    before(async () => {
      world = await open()
    })
    after(async () => {
      await world.close()
    })
    const widgets = widgetsOf(() => world)
    kubeWriteContract(widgets)
    kubeReadContract(widgets)
    kubeWatchContract(widgets)
  })
}
