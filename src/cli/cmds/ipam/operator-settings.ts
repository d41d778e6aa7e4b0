import { OPERATOR_OPTIONS } from '#agents/operator/config.ts'
import { ipamSettingsOf } from '#agents/operator/ipam/ipam-settings.ts'
import { readSettings } from '#agents/settings.ts'
import { CliError, MisuseError } from '#cli/cli-error.ts'
import type { ListFlag, Lists } from '#cli/command.ts'
import type { IpamSettings } from '#ipam/ownership.ts'
import { type KubeApi, KubeError, type KubeObject } from '#ports/kube-api.ts'
import { DEPLOYMENTS } from '#ports/kube-resources.ts'

/** How the operator gives out addresses, as far as that hangs on its settings. */
export interface OperatorView {
  readonly ipam: IpamSettings
  /** Where objects of MetalLB's kinds are read; undefined: nowhere. */
  readonly metallbNamespace: string | undefined
  /** Why defaults were taken where no flag says otherwise; empty when the operator's own settings were read. */
  readonly assumed: string
}

/** The options in question, with the flags that stand for them. */
const OPTIONS = {
  enableLbIpam: OPERATOR_OPTIONS.enableLbIpam,
  defaultLbServiceIpam: OPERATOR_OPTIONS.defaultLbServiceIpam,
  enableNodeIpam: OPERATOR_OPTIONS.enableNodeIpam,
  enableMetallb: OPERATOR_OPTIONS.enableMetallb,
  metallbNamespace: OPERATOR_OPTIONS.metallbNamespace,
} as const

const FLAG_NAMES: { readonly [K in keyof typeof OPTIONS]: string } = {
  enableLbIpam: 'enable-lb-ipam',
  defaultLbServiceIpam: 'default-lb-service-ipam',
  enableNodeIpam: 'enable-node-ipam',
  enableMetallb: 'enable-metallb',
  metallbNamespace: 'metallb-namespace',
}

type OptionName = keyof typeof OPTIONS
const OPTION_NAMES = Object.keys(OPTIONS) as readonly OptionName[]

/** Flags for who may not read the operator's Deployment, or wants to know what other settings would do. */
export const OPERATOR_FLAGS: readonly ListFlag[] = OPTION_NAMES.map((name) => ({
  name: FLAG_NAMES[name],
  value: OPTIONS[name].type.replaceAll(' ', ''),
  sentence: `instead of the operator's own setting: ${OPTIONS[name].sentence}`,
}))

/** Where the chart puts it unless told otherwise. */
const OPERATOR = { namespace: 'kube-system', name: 'balise-operator' }
const OPERATOR_LABELS = 'app.kubernetes.io/name=balise,app.kubernetes.io/component=operator'

/** The settings of the operator in the cluster, read from its Deployment; flags go before them. */
export async function readOperatorView(api: KubeApi, flags: Lists): Promise<OperatorView> {
  const { environment, assumed } = await readEnvironment(api)
  const given = OPTION_NAMES.flatMap((name) => {
    const value = flags[FLAG_NAMES[name]]?.at(-1)
    return value === undefined ? [] : [[OPTIONS[name].env, value] as const]
  })
  const settings = readSettings(OPTIONS, { ...environment, ...Object.fromEntries(given) })
  if (!settings.ok) throw misused(settings.error, new Map(given))
  const { enableMetallb, metallbNamespace } = settings.value
  return {
    ipam: ipamSettingsOf(settings.value),
    metallbNamespace: enableMetallb === 'true' ? metallbNamespace : undefined,
    assumed,
  }
}

type Mistakes = readonly { readonly env: string; readonly value: string; readonly problem: string }[]

function misused(mistakes: Mistakes, given: ReadonlyMap<string, string>): CliError {
  const told = mistakes.map(({ env, value, problem }) => {
    const name = OPTION_NAMES.find((one) => OPTIONS[one].env === env)
    const where = given.has(env) && name !== undefined ? `--${FLAG_NAMES[name]}` : `${env} of the operator`
    return `${where} ${JSON.stringify(value)} ${problem}`
  })
  const Misfit = mistakes.every(({ env }) => given.has(env)) ? MisuseError : CliError
  return new Misfit(told.join('; '), 'give a value that the setting may have')
}

interface Environment {
  readonly environment: Readonly<Record<string, string>>
  readonly assumed: string
}

async function readEnvironment(api: KubeApi): Promise<Environment> {
  try {
    const [deployment, ...others] = await findOperators(api)
    if (deployment === undefined) return { environment: {}, assumed: 'the cluster has no operator of Balise' }
    const assumed = others.length === 0 ? '' : `there are several operators, of which ${nameOf(deployment)} was read`
    return { environment: environmentOf(deployment), assumed }
  } catch (cause) {
    if (!(cause instanceof KubeError)) throw cause
    return { environment: {}, assumed: `the operator's Deployment cannot be read (${cause.message})` }
  }
}

/** Its own Deployment is all that the operator's account may read: so the command works in its pod as well. */
async function findOperators(api: KubeApi): Promise<readonly KubeObject[]> {
  try {
    return (await api.list(DEPLOYMENTS, { labelSelector: OPERATOR_LABELS })).items
  } catch (cause) {
    if (!(cause instanceof KubeError) || cause.failure.code !== 'Forbidden') throw cause
    return [await api.get(DEPLOYMENTS, OPERATOR).catch(() => Promise.reject(cause))]
  }
}

function nameOf({ metadata: { namespace = '', name } }: KubeObject): string {
  return `${namespace}/${name}`
}

/** Variables with a value of their own; those of the options all have one in the chart. */
function environmentOf(deployment: KubeObject): Readonly<Record<string, string>> {
  const { spec } = deployment as {
    readonly spec?: { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } }
  }
  const variables = (spec?.template?.spec?.containers ?? []).flatMap(({ env }) => env ?? [])
  return Object.fromEntries(
    variables.flatMap(({ name, value }) =>
      typeof name === 'string' && typeof value === 'string' ? [[name, value]] : [],
    ),
  )
}

interface Container {
  readonly env?: readonly { readonly name?: unknown; readonly value?: unknown }[]
}
