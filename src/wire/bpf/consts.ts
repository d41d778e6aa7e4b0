/** The numbers of `bpf/include/consts.h`, under the names of C; `tools/check-bpf-layout.ts` compares the two by BTF. */

/** enum lb_scope */
export const LB_SCOPE = { LB_SCOPE_EXTERNAL: 0, LB_SCOPE_INTERNAL: 1 } as const

/** enum lb_flags: bits of `LbService.flags` */
export const LB_FLAGS = {
  LB_EXTERNAL_IP: 1 << 0,
  LB_NODE_PORT: 1 << 1,
  /** externalTrafficPolicy: Local */
  LB_EXTERNAL_LOCAL: 1 << 2,
  LB_HOST_PORT: 1 << 3,
  LB_AFFINITY: 1 << 4,
  LB_LOAD_BALANCER: 1 << 5,
  /** May be reached from outside the node; not so a ClusterIP. */
  LB_ROUTABLE: 1 << 6,
  LB_SOURCE_RANGE: 1 << 7,
  LB_CLUSTER_IP: 1 << 8,
  LB_L7: 1 << 10,
  LB_LOOPBACK: 1 << 11,
  LB_INTERNAL_LOCAL: 1 << 12,
  LB_TWO_SCOPES: 1 << 13,
  /** On a slot. */
  LB_QUARANTINED: 1 << 14,
  LB_DSR: 1 << 15,
  LB_SOURCE_RANGE_DENY: 1 << 16,
} as const

/** enum lb_algorithm */
export const LB_ALGORITHM = { LB_ALGORITHM_RANDOM: 1, LB_ALGORITHM_MAGLEV: 2 } as const

/** enum backend_state */
export const BACKEND_STATE = {
  BACKEND_ACTIVE: 0,
  BACKEND_TERMINATING: 1,
  BACKEND_QUARANTINED: 2,
  BACKEND_MAINTENANCE: 3,
} as const

/** enum backend_flags */
export const BACKEND_FLAGS = { BACKEND_LOCAL: 1 << 0 } as const

/** enum ct_direction */
export const CT_DIRECTION = { CT_FORWARD: 0, CT_REPLY: 1 } as const

/** enum ct_flags: bits of `CtEntry.flags` */
export const CT_FLAGS = {
  /** The backend sees our address. */
  CT_SNAT: 1 << 0,
  CT_DSR: 1 << 1,
  CT_LOOPBACK: 1 << 2,
  CT_FORWARD_CLOSING: 1 << 3,
  CT_REPLY_CLOSING: 1 << 4,
  CT_SEEN_REPLY: 1 << 5,
  CT_RST: 1 << 6,
} as const

/** enum ct_timeout_seconds: how long a flow without packets counts as alive */
export const CT_TIMEOUT_SECONDS = {
  CT_TIMEOUT_TCP: 8000,
  /** No reply yet. */
  CT_TIMEOUT_TCP_OPENING: 60,
  CT_TIMEOUT_TCP_CLOSED: 10,
  CT_TIMEOUT_ANY: 60,
} as const

/** enum overlay_family: the IP version of a peer's address */
export const OVERLAY_FAMILY = { OVERLAY_IPV4: 4, OVERLAY_IPV6: 6 } as const

/** enum overlay_flags: bits of `OverlayPeer`'s flags */
export const OVERLAY_FLAGS = {
  /** Packets to the prefix go through the overlay; without it, they may only come from there. */
  OVERLAY_DESTINATION: 1 << 0,
} as const

/** enum drop_reason: the index into map `drops` */
export const DROP_REASON = {
  DROP_NONE: 0,
  DROP_MALFORMED: 1,
  DROP_FRAGMENT: 2,
  DROP_NO_SERVICE: 3,
  DROP_NO_BACKEND: 4,
  DROP_BACKEND_GONE: 5,
  DROP_NOT_ROUTABLE: 6,
  DROP_SOURCE_RANGE: 7,
  DROP_NO_SNAT_PORT: 8,
  DROP_CT_FULL: 9,
  DROP_NO_ROUTE: 10,
  DROP_WRITE_FAILED: 11,
  DROP_TTL: 12,
  DROP_TOO_BIG: 13,
  DROP_NO_OVERLAY_PEER: 14,
  DROP_OVERLAY_NETWORK: 15,
  DROP_OVERLAY_SOURCE: 16,
  /** Would have been refused with an answer, but too many are; the answer is what is missing. */
  DROP_ANSWER_LIMIT: 17,
  DROP_REASONS: 18,
} as const

/** enum answer_kind: the index into map `answer_buckets` */
export const ANSWER_KIND = { ANSWER_RESET: 0, ANSWER_ICMP_ERROR: 1, ANSWER_KINDS: 2 } as const

/** enum counter_id: the index into map `counters` */
export const COUNTER_ID = {
  COUNTER_FORWARDED_LOCAL: 0,
  COUNTER_FORWARDED_REMOTE: 1,
  COUNTER_REPLIES_LOCAL: 2,
  COUNTER_REPLIES_REMOTE: 3,
  COUNTER_CT_CREATED: 4,
  COUNTER_SNAT_RETRY: 5,
  COUNTER_ARP_REPLIES: 6,
  COUNTER_ARP_FENCED: 7,
  COUNTER_ARP_CONFLICTS: 8,
  COUNTER_SOCK_TRANSLATED: 9,
  COUNTER_SOCK_NO_BACKEND: 10,
  COUNTER_ECHO_REPLIES: 11,
  COUNTER_RESETS_SENT: 12,
  COUNTER_ICMP_TRANSLATED: 13,
  COUNTER_ICMP_ERRORS_SENT: 14,
  COUNTER_OVERLAY_SENT: 15,
  COUNTER_OVERLAY_RECEIVED: 16,
  COUNTERS: 17,
} as const

/** By the name of the enum in C, for the check against BTF. */
export const BPF_ENUMS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  lb_scope: LB_SCOPE,
  lb_flags: LB_FLAGS,
  lb_algorithm: LB_ALGORITHM,
  backend_state: BACKEND_STATE,
  backend_flags: BACKEND_FLAGS,
  ct_direction: CT_DIRECTION,
  ct_flags: CT_FLAGS,
  ct_timeout_seconds: CT_TIMEOUT_SECONDS,
  overlay_family: OVERLAY_FAMILY,
  overlay_flags: OVERLAY_FLAGS,
  answer_kind: ANSWER_KIND,
  drop_reason: DROP_REASON,
  counter_id: COUNTER_ID,
}
