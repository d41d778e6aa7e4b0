import type { Hierarchy } from '#lab/machine/hierarchies.ts'
import { runOn } from '#lab/machine/inside.ts'

/** A pod without a kubelet: a network namespace of a node, wired as the reference CNI does. */
export interface PlainPod {
  readonly node: string
  /** Of its namespace on the node (`ip netns exec NAME` there); at most 12 characters. */
  readonly name: string
  /** `10.244.0.9`, of the node's prefix. */
  readonly address: string
}

/** The gateway's address is the same for all pods: nobody but the pod ever sees it. */
const GATEWAY = '169.254.1.1'

/** Makes the namespace, its device `eth0`, and the routes to it and out of it. */
export async function addPlainPod(
  lab: string,
  { node, name, address }: PlainPod,
  hierarchies: readonly Hierarchy[],
): Promise<void> {
  const device = `p-${name}`
  const script = `
ip netns add ${name}
ip link add ${device} type veth peer name eth0 netns ${name}
ip addr add ${GATEWAY}/32 dev ${device}
ip link set ${device} up
ip route add ${address}/32 dev ${device}
ip -n ${name} link set lo up
ip -n ${name} addr add ${address}/32 dev eth0
ip -n ${name} link set eth0 up
ip -n ${name} route add ${GATEWAY} dev eth0
ip -n ${name} route add default via ${GATEWAY} dev eth0
`
  await runOn({ lab, host: node }, hierarchies, ['sh', '-euc', script])
}
