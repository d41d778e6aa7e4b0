/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Numbers that user space shares: src/wire/bpf/consts.ts has the same, and tools/check-bpf-layout.ts compares them. */
#pragma once

#include <linux/types.h>
#include <linux/if_ether.h>

enum lb_scope {
	LB_SCOPE_EXTERNAL = 0,
	LB_SCOPE_INTERNAL = 1,
};

enum lb_flags {
	LB_EXTERNAL_IP = 1 << 0,
	LB_NODE_PORT = 1 << 1,
	LB_EXTERNAL_LOCAL = 1 << 2, /* externalTrafficPolicy: Local */
	LB_HOST_PORT = 1 << 3,
	LB_AFFINITY = 1 << 4,
	LB_LOAD_BALANCER = 1 << 5,
	LB_ROUTABLE = 1 << 6, /* may be reached from outside the node; not so a ClusterIP */
	LB_SOURCE_RANGE = 1 << 7,
	LB_CLUSTER_IP = 1 << 8,
	LB_L7 = 1 << 10,
	LB_LOOPBACK = 1 << 11,
	LB_INTERNAL_LOCAL = 1 << 12,
	LB_TWO_SCOPES = 1 << 13,
	LB_QUARANTINED = 1 << 14, /* on a slot */
	LB_DSR = 1 << 15,
	LB_SOURCE_RANGE_DENY = 1 << 16,
};

enum lb_algorithm {
	LB_ALGORITHM_RANDOM = 1,
	LB_ALGORITHM_MAGLEV = 2,
};

enum backend_state {
	BACKEND_ACTIVE = 0,
	BACKEND_TERMINATING = 1,
	BACKEND_QUARANTINED = 2,
	BACKEND_MAINTENANCE = 3,
};

enum backend_flags {
	BACKEND_LOCAL = 1 << 0, /* runs on this node */
};

enum ct_direction {
	CT_FORWARD = 0,
	CT_REPLY = 1,
};

enum ct_flags {
	CT_SNAT = 1 << 0, /* the backend sees our address */
	CT_DSR = 1 << 1,
	CT_LOOPBACK = 1 << 2,
	CT_FORWARD_CLOSING = 1 << 3,
	CT_REPLY_CLOSING = 1 << 4,
	CT_SEEN_REPLY = 1 << 5,
	CT_RST = 1 << 6,
};

/* How long a flow without packets counts as alive. */
enum ct_timeout_seconds {
	CT_TIMEOUT_TCP = 8000,
	CT_TIMEOUT_TCP_OPENING = 60, /* no reply yet */
	CT_TIMEOUT_TCP_CLOSED = 10,
	CT_TIMEOUT_ANY = 60,
};

/* The IP version of a node's address in struct overlay_peer. */
enum overlay_family {
	OVERLAY_IPV4 = 4,
	OVERLAY_IPV6 = 6,
};

enum overlay_flags {
	OVERLAY_DESTINATION = 1 << 0, /* packets to the prefix go through the overlay; without it, they may only come from there */
};

/* Why a packet was not forwarded. The order is the order of the counters; add at the end only. */
enum drop_reason {
	DROP_NONE = 0,
	DROP_MALFORMED = 1, /* a header is cut short or says what cannot be */
	DROP_FRAGMENT = 2, /* a later one whose first did not come before, or one of an echo request */
	DROP_NO_SERVICE = 3, /* the address is ours, no Service has the port */
	DROP_NO_BACKEND = 4,
	DROP_BACKEND_GONE = 5,
	DROP_NOT_ROUTABLE = 6, /* a ClusterIP from outside */
	DROP_SOURCE_RANGE = 7,
	DROP_NO_SNAT_PORT = 8,
	DROP_CT_FULL = 9,
	DROP_NO_ROUTE = 10,
	DROP_WRITE_FAILED = 11,
	DROP_TTL = 12,
	DROP_TOO_BIG = 13, /* for the link to the backend or the client */
	DROP_NO_OVERLAY_PEER = 14, /* no node is known that has the destination */
	DROP_OVERLAY_NETWORK = 15, /* came through the overlay with another network's number */
	DROP_OVERLAY_SOURCE = 16, /* came through the overlay from a node that its source does not belong to */
	DROP_ANSWER_LIMIT = 17, /* would have been refused with an answer, but too many are; the answer is what is missing */
	DROP_REASONS
};

/* Answers that are limited in number. The order is that of the map; one more needs another map. */
enum answer_kind {
	ANSWER_RESET = 0,
	ANSWER_ICMP_ERROR = 1,
	ANSWER_KINDS
};

enum counter_id {
	COUNTER_FORWARDED_LOCAL = 0,
	COUNTER_FORWARDED_REMOTE = 1,
	COUNTER_REPLIES_LOCAL = 2,
	COUNTER_REPLIES_REMOTE = 3,
	COUNTER_CT_CREATED = 4,
	COUNTER_SNAT_RETRY = 5,
	COUNTER_ARP_REPLIES = 6,
	COUNTER_ARP_FENCED = 7,
	COUNTER_ARP_CONFLICTS = 8,
	COUNTER_SOCK_TRANSLATED = 9,
	COUNTER_SOCK_NO_BACKEND = 10,
	COUNTER_ECHO_REPLIES = 11,
	COUNTER_RESETS_SENT = 12,
	COUNTER_ICMP_TRANSLATED = 13,
	COUNTER_ICMP_ERRORS_SENT = 14,
	COUNTER_OVERLAY_SENT = 15,
	COUNTER_OVERLAY_RECEIVED = 16,
	COUNTERS
};
