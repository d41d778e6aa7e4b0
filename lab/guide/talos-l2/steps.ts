import type { GuideStep } from '#lab/guide/step.ts'
import { applyPolicy, applyPool, askFromClient, exposeNginx } from './announce.ts'
import { severalPools } from './advanced.ts'
import { checkLeases, install, lookAtNodes } from './install.ts'
import { trafficPolicies } from './traffic-policies.ts'
import { verify } from './verify.ts'

/**
 * The guide for LoadBalancers by L2 announcements on Talos, its ten steps by its numbers, with its manifests and values unchanged. On a
 * topology whose interface has another name, only that is put into the policy.
 */
export const TALOS_L2: readonly GuideStep[] = [
  { title: 'machine config: without a CNI the nodes are NotReady', run: lookAtNodes },
  { title: 'install: one agent a node, and the nodes become Ready', run: install },
  { title: 'RBAC: the agents may write Leases', run: checkLeases },
  { title: 'a pool of four addresses', run: applyPool },
  { title: 'an L2 announcement policy, and what is said of a wrong interface', run: applyPolicy },
  { title: 'a Service of type LoadBalancer gets an address', run: exposeNginx },
  { title: 'it answers a client on the LAN, at the MAC of its leader', run: askFromClient },
  { title: 'verify: settings, Lease, service list, bpf lb list', run: verify },
  { title: "traffic policies: Cluster loses the client's address, Local keeps it", run: trafficPolicies },
  { title: 'several pools and policies, and a Service that goes', run: severalPools },
]
