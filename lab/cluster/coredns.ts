import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { formatIp } from '#model/ip.ts'
import type { Topology } from '#lab/topology/topology.ts'
import { dnsServiceAddress } from './certificates.ts'
import { kubectl } from './kubectl.ts'

/** Applies CoreDNS. It is ready only where ClusterIPs work: its way to the API is the Service `kubernetes`. */
export async function applyCoreDns(lab: string, topology: Topology, signal?: AbortSignal): Promise<void> {
  const manifest = readFileSync(join(import.meta.dirname, 'coredns.yaml'), 'utf8')
  const input = manifest.replace('${DNS_ADDRESS}', formatIp(dnsServiceAddress(topology)))
  await kubectl(lab, ['apply', '-f', '-'], { input, signal })
}

/** Waits until CoreDNS answers. */
export async function coreDnsReady(lab: string, signal?: AbortSignal): Promise<void> {
  await kubectl(lab, ['rollout', 'status', '-n', 'kube-system', 'deployment/coredns', '--timeout=120s'], { signal })
}
