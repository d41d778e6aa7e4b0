import type { Mistake } from '#model/condition.ts'
import { formatIp, type Ip, parseIp, sameIp } from '#model/ip.ts'
import type { Service } from '#model/service.ts'
import type { ServiceRequest, WantedAddresses } from '#model/service-request.ts'
import { mappedDefect } from './mapped-ip.ts'
import { shorten } from './place.ts'
import {
  type AnnotationInForce,
  annotationInForce,
  annotationPath,
  deprecatedAnnotations,
  IPS,
  misspelled,
  overruled,
  POOL,
  SHARING_CROSS_NAMESPACE,
  SHARING_DIFFERENT_PODS,
  SHARING_KEY,
} from './request-annotations.ts'
import { readSharing } from './sharing-request.ts'

interface Answer<T> {
  readonly value: T
  readonly mistakes: readonly Mistake[]
  readonly remarks: readonly Mistake[]
}

const PLACE = 'spec.loadBalancerIP'

/**
 * What a Service asks for. Of each thing (addresses, sharing, pool) the annotation of the highest family is in force: `balise.io`,
 * `lbipam.cilium.io`, `io.cilium`, `metallb.io`, `metallb.universe.tf`; of one below it that says something else there is a remark.
 * `decoded` are the mistakes that reading the Service gave; they are all in the answer, as a mistake or as a remark.
 */
export function readServiceRequest(service: Service, decoded: readonly Mistake[]): ServiceRequest {
  const { annotations } = service
  const bad = decoded.filter(({ path }) => path === PLACE)
  const wanted = readWanted(service, annotationInForce(annotations, IPS), bad)
  const pool = readPool(annotationInForce(annotations, POOL))
  const sharing = readSharing(annotations)
  return {
    // With a name that no pool can have, it is not known either what is meant.
    wanted: pool.mistakes.length > 0 ? { kind: 'unclear' } : wanted.value,
    pool: pool.value,
    sharing: sharing.value,
    mistakes: [...wanted.mistakes, ...pool.mistakes],
    remarks: [
      ...wanted.remarks,
      ...sharing.remarks,
      ...[IPS, POOL, SHARING_KEY, SHARING_CROSS_NAMESPACE, SHARING_DIFFERENT_PODS].flatMap((names) =>
        overruled(annotations, names),
      ),
      ...misspelled(annotations),
      ...decoded.filter((mistake) => !bad.includes(mistake)),
    ],
    deprecated: deprecatedAnnotations(annotations),
  }
}

function readWanted(
  service: Service,
  inForce: AnnotationInForce | undefined,
  bad: readonly Mistake[],
): Answer<WantedAddresses> {
  const listed = readAddresses(inForce)
  const isMetallb = inForce?.family === 'metallb' && inForce.text.trim() !== ''
  return isMetallb ? wantedByMetallb(service, inForce, listed, bad) : wantedByUnion(service, listed, bad)
}

/** Addresses of annotation and field together, as in Cilium. Of entries that are no address the others are wanted all the same. */
function wantedByUnion({ loadBalancerIp }: Service, listed: Listed, bad: readonly Mistake[]): Answer<WantedAddresses> {
  const mistakes = [...bad, ...listed.mistakes]
  const addresses = withoutRepeats(
    loadBalancerIp === undefined ? listed.addresses : [loadBalancerIp, ...listed.addresses],
  )
  if (addresses.length > 0) return { value: { kind: 'these', addresses }, mistakes, remarks: [] }
  return { value: { kind: mistakes.length > 0 ? 'unclear' : 'any' }, mistakes, remarks: [] }
}

/** MetalLB takes a request as a whole or not at all: one address of each family, and not also `spec.loadBalancerIP`. */
function wantedByMetallb(
  { loadBalancerIp, families, familyPolicy }: Service,
  { key, text }: AnnotationInForce,
  { addresses, mistakes }: Listed,
  bad: readonly Mistake[],
): Answer<WantedAddresses> {
  const path = annotationPath(key)
  const all = [...bad, ...mistakes]
  for (const [index, ip] of addresses.entries()) {
    const earlier = addresses.slice(0, index).find(({ family }) => family === ip.family)
    if (earlier !== undefined) {
      const problem = `asks for two ${ip.family} addresses, and MetalLB gives one of each family`
      all.push({
        path,
        value: shorten(text),
        problem,
        remedy: 'keep one, or write all of them in balise.io/ips instead',
      })
    }
    if (families.length > 0 && !families.includes(ip.family)) {
      const problem = `asks for an ${ip.family} address, but the Service is ${families.join(' and ')} only`
      all.push({ path, value: formatIp(ip), problem, remedy: 'remove the address, or change spec.ipFamilyPolicy' })
    }
  }
  const [only, ...others] = addresses
  if (familyPolicy === 'RequireDualStack' && only !== undefined && others.length === 0) {
    const problem = `asks for an ${only.family} address only, but the Service is to have both families`
    const remedy = `add an ${only.family === 'IPv4' ? 'IPv6' : 'IPv4'} address, or set spec.ipFamilyPolicy: PreferDualStack`
    all.push({ path, value: text, problem, remedy })
  }
  const isSame =
    loadBalancerIp !== undefined && addresses.length === 1 && addresses.every((ip) => sameIp(ip, loadBalancerIp))
  const both = loadBalancerIp === undefined ? [] : [besideField(loadBalancerIp, key, isSame)]
  if (!isSame) all.push(...both)
  const value: WantedAddresses =
    all.length > 0 ? { kind: 'unclear' } : addresses.length === 0 ? { kind: 'any' } : { kind: 'these', addresses }
  return { value, mistakes: all, remarks: isSame ? both : [] }
}

function besideField(ip: Ip, key: string, isSame: boolean): Mistake {
  const problem = isSame
    ? `says the same as annotation ${key}, and MetalLB refuses both at once`
    : `and annotation ${key} ask for different addresses, and MetalLB takes one of the two only`
  return { path: PLACE, value: formatIp(ip), problem, remedy: `remove ${PLACE}, or the annotation` }
}

interface Listed {
  readonly addresses: readonly Ip[]
  readonly mistakes: readonly Mistake[]
}

const NO_ADDRESS = { problem: 'is not an IP address', remedy: 'write addresses with commas between them' }

/** Comma list; white space around entries and empty entries are ignored. */
function readAddresses(inForce: AnnotationInForce | undefined): Listed {
  const addresses: Ip[] = []
  const mistakes: Mistake[] = []
  for (const value of (inForce?.text ?? '').split(',').map((part) => part.trim())) {
    const ip = parseIp(value)
    const defect = ip.ok ? mappedDefect(ip.value) : NO_ADDRESS
    if (ip.ok && defect === undefined) addresses.push(ip.value)
    else if (value !== '' && defect !== undefined)
      mistakes.push({ path: annotationPath(inForce?.key ?? ''), value: shorten(value), ...defect })
  }
  return { addresses: withoutRepeats(addresses), mistakes }
}

function withoutRepeats(addresses: readonly Ip[]): readonly Ip[] {
  return addresses.filter((ip, index) => addresses.findIndex((other) => sameIp(ip, other)) === index)
}

/** A DNS subdomain (RFC 1123) as names of objects are, with the namespace and a slash before it where one likes. */
const POOL_NAME = /^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\/)?[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/

/** The ConfigMap of MetalLB up to 0.12 took any name: `Default_Pool`. */
const METALLB_POOL_NAME = /^[^\s,]+$/

function readPool(inForce: AnnotationInForce | undefined): Answer<string> {
  const name = inForce?.text.trim() ?? ''
  const pattern = inForce?.family === 'metallb' ? METALLB_POOL_NAME : POOL_NAME
  if (inForce === undefined || name === '' || pattern.test(name)) return { value: name, mistakes: [], remarks: [] }
  const remedy = 'write the name of one pool, as kubectl get shows it'
  const mistake = {
    path: annotationPath(inForce.key),
    value: shorten(inForce.text),
    problem: 'cannot be the name of a pool',
    remedy,
  }
  return { value: '', mistakes: [mistake], remarks: [] }
}
