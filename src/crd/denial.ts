/** A request that RBAC did not allow, as the API server tells it. */
export interface Denial {
  /** `system:serviceaccount:kube-system:balise` */
  readonly user: string
  readonly verb: string
  /** With its subresource: `services/status`. */
  readonly resource: string
  /** Empty for the core group. */
  readonly group: string
  /** Undefined: at the cluster scope. */
  readonly namespace: string | undefined
}

/**
 * Reads the message of a 403. The API server puts these facts nowhere else (k8s.io/apiserver, endpoints/handlers/responsewriters/errors.go);
 * undefined when an admission plugin or a proxy wrote it.
 */
export function readDenial(message: string): Denial | undefined {
  const match =
    /User "([^"]*)" cannot (\S+) resource "([^"]+)" in API group "([^"]*)"(?: in the namespace "([^"]+)")?/.exec(
      message,
    )
  if (match === null) return undefined
  const [, user = '', verb = '', resource = '', group = '', namespace] = match
  return { user, verb, resource, group, namespace }
}

/** A rule of a Role or ClusterRole. */
export interface RbacRule {
  readonly group: string
  readonly resource: string
  readonly verbs: readonly string[]
}

/** As YAML in one line, to be pasted below `rules:`. */
export function formatRule({ group, resource, verbs }: RbacRule): string {
  return `- {apiGroups: ["${group}"], resources: ["${resource}"], verbs: [${verbs.join(', ')}]}`
}

/** Who may not do what where, and the rule that is missing. `needed`: all that is asked of the resource, of which one was denied. */
export function formatDenial(message: string, needed: RbacRule, neededIn: string | undefined): string {
  const denial = readDenial(message)
  const who = denial?.user ?? 'this account'
  const what = `${denial?.verb ?? needed.verbs.join(', ')} ${nameOf(denial ?? needed)}`
  const namespace = denial === undefined ? neededIn : denial.namespace
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`
  const role = neededIn === undefined ? 'ClusterRole' : `Role in namespace ${neededIn}`
  return `RBAC does not let ${who} ${what} ${where}: add to its ${role} the rule ${formatRule(needed)}`
}

function nameOf({ resource, group }: { readonly resource: string; readonly group: string }): string {
  return group === '' ? resource : `${resource}.${group}`
}
