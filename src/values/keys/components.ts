import { ignored, leaf, map, type Tree } from '#values/tree.ts'
import { DISRUPTION_BUDGET, EXTRAS, image, PLACEMENT, POD_METADATA } from './shapes.ts'

/** Helpers of Cilium's installation that there is no need for. */
export const HELPERS: Tree = {
  nodeinit: ignored('No node is changed before the agent starts', {
    enabled: false,
    image: image('quay.io/cilium/startup-script'),
    priorityClassName: '',
    updateStrategy: map({ type: 'RollingUpdate' }),
    ...EXTRAS,
    affinity: map(),
    nodeSelector: leaf('map'),
    tolerations: leaf('list'),
    annotations: map(),
    podAnnotations: map(),
    podLabels: map(),
    podSecurityContext: leaf('map'),
    resources: leaf('map'),
    securityContext: leaf('map'),
    bootstrapFile: leaf('text', '/tmp/cilium-bootstrap.d/cilium-bootstrap-time'),
    waitForCloudInit: false,
    startup: { preScript: '', postScript: '' },
    prestop: { preScript: '', postScript: '' },
  }),
  preflight: ignored('Before an upgrade nothing is pulled in advance, and no policies are looked at', {
    enabled: false,
    image: image('quay.io/cilium/cilium'),
    envoy: { image: image('quay.io/cilium/cilium-envoy') },
    updateStrategy: leaf('map'),
    ...EXTRAS,
    ...PLACEMENT,
    annotations: map(),
    podSecurityContext: map(),
    ...POD_METADATA,
    podDisruptionBudget: DISRUPTION_BUDGET,
    resources: map(),
    readinessProbe: { initialDelaySeconds: 5, periodSeconds: 5 },
    securityContext: leaf('map'),
    tofqdnsPreCache: '',
    terminationGracePeriodSeconds: 1,
    validateCNPs: true,
  }),
}
