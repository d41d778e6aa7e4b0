import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { connectKubeApi } from '#io/kube/connect.ts'
import { type KubeApi, KubeError, type KubeResource } from '#ports/kube-api.ts'
import { type KubeApiWorld, kubeApiContract, WIDGETS } from '#ports/kube-api.contract.ts'
import { missingForApiServer, startApiServer } from './api-server.ts'

const CRDS: KubeResource = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
  namespaced: false,
}
const ANYTHING = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
const CONDITIONS = {
  type: 'array',
  'x-kubernetes-list-type': 'map',
  'x-kubernetes-list-map-keys': ['type'],
  items: { type: 'object', required: ['type'], properties: { type: { type: 'string' }, status: { type: 'string' } } },
}
const STATUS = { ...ANYTHING, properties: { conditions: CONDITIONS } }
const WIDGETS_CRD = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${WIDGETS.plural}.${WIDGETS.group}` },
  spec: {
    group: WIDGETS.group,
    scope: 'Cluster',
    names: { plural: WIDGETS.plural, kind: WIDGETS.kind },
    versions: [
      {
        name: WIDGETS.version,
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties: { spec: ANYTHING, status: STATUS } } },
      },
    ],
  },
}

const missing = missingForApiServer()
if (missing === undefined) kubeApiContract('on a real server', openReal)
else test('KubeApi contract: on a real server', { skip: missing }, () => undefined)

async function openReal(): Promise<KubeApiWorld> {
  const server = await startApiServer()
  const hints = { kubeconfig: server.kubeconfig(), environment: {} }
  const { api } = connectKubeApi(hints, { userAgent: 'balise-test/0', pageSize: 2 })
  await api.create(CRDS, undefined, WIDGETS_CRD)
  await untilServed(api)
  return {
    api,
    age: () => Promise.resolve(),
    async close() {
      api.close()
      await server.close()
    },
  }
}

async function untilServed(api: KubeApi): Promise<void> {
  for (;;) {
    try {
      await api.list(WIDGETS, {})
      return
    } catch (error) {
      if (!(error instanceof KubeError) || error.failure.code !== 'NotFound') throw error
      await wait(50)
    }
  }
}
