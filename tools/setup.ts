/** What `tools/setup.sh` leaves to do once Node and the npm packages are there, but for the lab's images. The modes are its own. */
import { buildBpf } from './build-bpf.ts'
import { cacheDir } from './cache.ts'
import { ensureLabDebs } from './debs.ts'
import { buildImage } from './image.ts'
import { ensureAssets } from './kube-assets.ts'
import { ensureAptPackages } from './setup-apt.ts'
import { seconds } from './setup-run.ts'
import { fail, say } from './setup-say.ts'

type Mode = 'bpf' | 'image' | 'lab' | 'test'

/** Work that was done took longer than looking whether there is any. */
const WORTH_SAYING_SECONDS = 3

async function setUp(mode: Mode): Promise<void> {
  const startMs = performance.now()
  say(`balise: set-up (cache: ${cacheDir()})`)
  await ensureAptPackages()
  buildBpf()
  if (mode === 'lab' || mode === 'test') {
    await ensureLabDebs()
    await ensureAssets()
    await buildImage()
  }
  if (seconds(startMs) >= WORTH_SAYING_SECONDS) say(`balise: set up in ${seconds(startMs)} s`)
}

await setUp(process.argv[2] as Mode).catch(fail)
