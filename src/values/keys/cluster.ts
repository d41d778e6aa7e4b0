import {
  from,
  ignored,
  implemented,
  lacking,
  leaf,
  map,
  refusedUnless,
  refusedUnlessOneOf,
  type Tree,
  unset,
} from '#values/tree.ts'
import { serviceAccount } from './shapes.ts'

const NO_CONFIG_MAP = 'There is no ConfigMap of settings: the pods get them as environment variables from these values'
const NO_SUCH_COMPONENT = 'There is no such component'
const API_RATES = 'Agent and operator hold watches and write rarely: there is no rate to set'

/** The API server, and what concerns all pods. */
export const CLUSTER: Tree = {
  k8sServiceHost: implemented(
    'Where the nodes reach the API server. Empty or auto: the agent looks for it at localhost:7445 (Talos), 127.0.0.1:6444 (k3s) and the ClusterIP',
    leaf('text', '', {
      pattern: '^([0-9A-Za-z]([0-9A-Za-z.-]*[0-9A-Za-z])?\\.?|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)?$',
      form: 'a host name or an IP address, without scheme and port',
    }),
  ),
  k8sServicePort: implemented(
    'Port of k8sServiceHost',
    leaf(['text', 'integer'], '', { pattern: '^[0-9]*$', form: 'a port', minimum: 1, maximum: 65535 }),
  ),
  k8sServiceHostRef: implemented('k8sServiceHost from a ConfigMap of the namespace', {
    name: unset('text'),
    key: unset('text'),
  }),
  k8sServiceLookupConfigMapName: ignored('k8sServiceHost: auto looks at the node itself, not into a ConfigMap', ''),
  k8sServiceLookupNamespace: ignored('k8sServiceHost: auto looks at the node itself, not into a ConfigMap', ''),
  k8s: {
    apiServerURLs: refusedUnless(
      '',
      'a list of API servers is not understood',
      'name one address in k8sServiceHost and k8sServicePort: that of a load balancer in front of them, or one on the node as KubePrism is',
      leaf('text'),
    ),
    requireIPv4PodCIDR: ignored('A node without a pod CIDR is always waited for', false),
    requireIPv6PodCIDR: ignored('A node without a pod CIDR is always waited for', false),
  },
  kubeConfigPath: ignored('The pods use their service accounts', ''),
  k8sClientRateLimit: ignored(API_RATES, {
    qps: unset('integer'),
    burst: unset('integer'),
    operator: { qps: unset('integer'), burst: unset('integer') },
  }),
  k8sClientExponentialBackoff: ignored(API_RATES, {
    enabled: true,
    backoffBaseSeconds: 1,
    backoffMaxDurationSeconds: 120,
  }),
  apiRateLimit: ignored(API_RATES, unset('text')),
  cluster: lacking('Clusters are not joined, so nothing asks for the name of this one', { name: 'default', id: 0 }),
  namespaceOverride: implemented(
    'Namespace of all objects, in place of that of the release',
    leaf('text', '', { pattern: '^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$', form: 'the name of a namespace' }),
  ),
  commonLabels: implemented('Labels for all objects and pods; those that the chart gives itself stay', map()),
  imagePullSecrets: implemented("Secrets with the registry's credentials: [{name: regcred}], or [regcred]", []),
  rbac: { create: implemented('Whether roles and their bindings are created', true) },
  serviceAccounts: {
    cilium: {
      create: implemented("Whether the agent's account is created", true),
      name: implemented("Name of the agent's account; empty: balise", 'cilium', {
        cilium: 'Our own default is balise',
      }),
      annotations: implemented("Annotations of the agent's account", map()),
      automount: ignored('Agent and operator need the token of their account', true),
    },
    operator: {
      create: implemented("Whether the operator's account is created", true),
      name: implemented("Name of the operator's account; empty: balise-operator", 'cilium-operator'),
      annotations: implemented("Annotations of the operator's account", map()),
      automount: ignored('Agent and operator need the token of their account', true),
    },
    ...ofOthers(),
  },
  upgradeCompatibility: ignored('Nothing depends on the version that was installed first', unset('text')),
  secretsNamespaceAnnotations: ignored('No namespace for Secrets is created: nothing reads Secrets', map()),
  secretsNamespaceLabels: ignored('No namespace for Secrets is created: nothing reads Secrets', map()),
  resourceQuotas: lacking('No ResourceQuota is created', {
    enabled: false,
    cilium: { hard: { pods: '10k' } },
    operator: { hard: { pods: '15' } },
  }),
  enableCriticalPriorityClass: implemented(
    'Whether the pods get system-node-critical and system-cluster-critical where no priorityClassName is set',
    true,
  ),
  extraConfig: ignored(NO_CONFIG_MAP, map()),
}

function ofOthers(): Tree {
  return {
    nodeinit: ignored(NO_SUCH_COMPONENT, { ...serviceAccount('cilium-nodeinit'), enabled: false }),
    ...Object.fromEntries(
      (
        [
          ['envoy', 'cilium-envoy'],
          ['preflight', 'cilium-pre-flight'],
          ['relay', 'hubble-relay'],
          ['ui', 'hubble-ui'],
          ['clustermeshApiserver', 'clustermesh-apiserver'],
          ['clustermeshcertgen', 'clustermesh-apiserver-generate-certs'],
          ['hubblecertgen', 'hubble-generate-certs'],
          ['corednsMCSAPI', 'cilium-coredns-mcsapi-autoconfig'],
          ['ztunnel', 'ztunnel-cilium'],
        ] as const
      ).map(([component, name]) => [component, ignored(NO_SUCH_COMPONENT, serviceAccount(name))]),
    ),
  }
}

/** Free-form switches of the agent, by names of Cilium's ConfigMap, that ask for security. */
export const RAW_SWITCHES: Tree = {
  extraConfig: from(
    'retired',
    Object.fromEntries(
      [
        ['enable-wireguard', 'encryption.enabled'],
        ['enable-ipsec', 'encryption.enabled'],
        ['enable-host-firewall', 'hostFirewall.enabled'],
        ['enable-ipv4-egress-gateway', 'egressGateway.enabled'],
        ['enable-egress-gateway', 'egressGateway.enabled'],
        ['mesh-auth-enabled', 'authentication.enabled'],
      ].map(([name = '', key]) => [
        name,
        refusedUnlessOneOf(
          ['false', false],
          `it is ${key} by another name, which cannot be given`,
          'remove it',
          leaf(['text', 'boolean']),
        ),
      ]),
    ),
  ),
}
