import { from, ignored, implemented, leaf, map, type Tree } from '#values/tree.ts'

/** Values that Cilium's chart does not have. */
export const OWN: Tree = {
  profile: from(
    'balise',
    implemented(
      'talos, k3s or plain: where the API server and the folders of the CNI are when nothing else is set; auto: found by the agent on each node',
      leaf('text', undefined, { oneOf: ['auto', 'talos', 'k3s', 'plain'] }),
    ),
  ),
  cni: {
    mode: from(
      'balise',
      implemented(
        'full: Balise is the CNI of the nodes; chained: it adds host ports to another; none: it leaves pods alone; auto: full on nodes without another CNI',
        leaf('text', undefined, { oneOf: ['auto', 'full', 'chained', 'none'] }),
      ),
    ),
  },
  metallb: from('balise', {
    enabled: implemented(
      "Give out addresses of MetalLB's IPAddressPools, and of its old ConfigMap, as well; MetalLB's controller must not run beside it",
      leaf('boolean'),
    ),
    namespace: implemented(
      'Namespace in which they are read',
      leaf('text', undefined, { pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$', form: 'the name of a namespace' }),
    ),
  }),
  logLevel: from(
    'balise',
    implemented('The least that is logged', leaf('text', undefined, { oneOf: ['error', 'warn', 'info', 'debug'] })),
  ),
  operator: {
    healthPort: from(
      'balise',
      implemented(
        'Port on 127.0.0.1 of the node for the probes of the operator',
        leaf('integer', undefined, { minimum: 1, maximum: 65535 }),
      ),
    ),
  },
  enabled: from(
    'balise',
    ignored('Read by charts that contain this one, as the condition of a dependency', leaf('boolean')),
  ),
  global: from('balise', ignored("Values of charts that contain this one: Helm's own key", map())),
}
