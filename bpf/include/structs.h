/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Keys and values of the maps: the contract between the kernel side and src/wire/bpf.
 *
 * Numbers that came from a packet stay in network order (__be16, __be32); all others are in host order. Keys have no implicit
 * padding and are zeroed whole before use. The IPv6 twins differ in the address alone. tools/check-bpf-layout.ts compares these
 * layouts, as BTF has them, with the codecs.
 */
#pragma once

#include "consts.h"

struct in6 {
	__u8 octets[16];
};

/*
 * Services: a frontend is (address, port, proto, scope); slot 0 is its head, slots 1..count its live backends,
 * count+1..count+qcount those that are drained or quarantined. Everything else hangs off the frontend id.
 */
struct lb4_key {
	__be32 address;
	__be16 port;
	__u16 slot;
	__u8 proto; /* IPPROTO_* */
	__u8 scope; /* enum lb_scope */
	__u16 pad;
};

struct lb6_key {
	struct in6 address;
	__be16 port;
	__u16 slot;
	__u8 proto;
	__u8 scope;
	__u16 pad;
};

struct lb_service {
	/* head: session affinity timeout in seconds, 0 for none; slot: backend id */
	__u32 backend_or_affinity;
	/* never 0; ids are 32 bits wide, so that 65,536 frontends are no limit */
	__u32 frontend_id;
	__u16 count;
	__u16 qcount;
	__u32 flags; /* enum lb_flags */
	__u8 algorithm; /* enum lb_algorithm */
	__u8 pad[3];
};

struct lb4_backend {
	__be32 address;
	__be16 port;
	__u8 proto;
	__u8 state; /* enum backend_state */
	__be32 node_address; /* of the node that it runs on, for DSR encapsulation; 0 when unknown */
	__u8 flags; /* enum backend_flags */
	__u8 zone; /* 0 when unknown */
	__u16 weight; /* 1..65535; 100 is the default */
};

struct lb6_backend {
	struct in6 address;
	__be16 port;
	__u8 proto;
	__u8 state;
	__u8 flags;
	__u8 zone;
	__u16 weight;
	struct in6 node_address;
};

/* frontend id -> the address and port that a reply must bear */
struct lb4_reverse_nat {
	__be32 address;
	__be16 port;
	__u16 pad;
};

struct lb6_reverse_nat {
	struct in6 address;
	__be16 port;
	__u16 pad;
};

/* Source ranges (loadBalancerSourceRanges): LPM over frontend id and address; prefixlen = 32 + CIDR bits. */
struct lb4_source_range_key {
	__u32 prefixlen;
	__u32 frontend_id;
	__be32 address;
};

struct lb6_source_range_key {
	__u32 prefixlen;
	__u32 frontend_id;
	struct in6 address;
};

/* Session affinity: client (address, or netns cookie for socket LB) and frontend -> backend. */
struct lb4_affinity_key {
	__u64 client;
	__u32 frontend_id;
	__u8 is_netns_cookie;
	__u8 pad[3];
};

struct lb6_affinity_key {
	struct in6 client;
	__u32 frontend_id;
	__u8 is_netns_cookie;
	__u8 pad[3];
};

struct lb_affinity {
	__u64 last_used_ns;
	__u32 backend_id;
	__u32 pad;
};

/*
 * Connection tracking. A flow through a VIP has two entries:
 *   CT_FORWARD  (client -> VIP)                  which backend, and the source port that SNAT took
 *   CT_REPLY    (backend -> what it answers to)  what the reply is turned back into
 * The tuple is that of the packet as it arrives, so one look-up per packet finds the entry in either direction.
 */
struct ct4_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 direction; /* enum ct_direction */
	__u16 pad;
};

struct ct6_key {
	struct in6 saddr;
	struct in6 daddr;
	__be16 sport;
	__be16 dport;
	__u8 proto;
	__u8 direction;
	__u16 pad;
};

struct ct_entry {
	__u64 last_seen_ns; /* bpf_ktime_get_ns() */
	__u64 created_ns;
	__u64 packets;
	__u64 bytes;
	__u32 frontend_id;
	__u32 backend_id;
	/*
	 * CT_FORWARD: the address and port that the backend sees as source (SNAT), or 0 when the client's are kept.
	 * CT_REPLY: the client's address and port, to which the reply goes.
	 * An IPv4 address is in the first four octets.
	 */
	struct in6 nat_address;
	__be16 nat_port;
	__u16 flags; /* enum ct_flags */
	__u8 tcp_flags_seen;
	__u8 pad[3];
};

/* Socket LB: what a socket thinks that it talks to, so that recvmsg and getpeername can show it. */
struct sock4_reverse_key {
	__u64 cookie;
	__be32 address; /* of the backend */
	__be16 port;
	__u16 pad;
};

struct sock4_reverse {
	__be32 address; /* of the frontend */
	__be16 port;
	__u16 pad;
	__u32 frontend_id;
};

/* Ports of a datagram in fragments: only the first one has them, and the others follow. Keyed as the packet arrives. */
struct fragment4_key {
	__be32 saddr;
	__be32 daddr;
	__be16 id;
	__u8 proto;
	__u8 pad;
};

struct fragment4 {
	__be16 sport;
	__be16 dport;
};

/* L2 responder: the addresses that this node answers for, by interface. */
struct l2_key4 {
	__be32 address;
	__u32 ifindex;
};

struct l2_key6 {
	struct in6 address;
	__u32 ifindex;
	__u32 pad;
};

struct l2_entry {
	__u64 replies;
	/* bpf_ktime_get_ns() of the last frame in which another station claimed this address, 0 for never; and its MAC */
	__u64 conflict_ns;
	__u8 conflict_mac[ETH_ALEN];
	/* what to answer: the MAC of the interface, which a tc program cannot ask the kernel for */
	__u8 mac[ETH_ALEN];
	__u32 pad;
};

/* One element: the knobs that change while the programs run. */
struct agent_config {
	/* bpf_ktime_get_ns() when the agent last said that it lives; 0: never */
	__u64 agent_stamp_ns;
	/* the L2 responder is silent when the stamp is older; 0: never */
	__u64 fence_ns;
	/* source of SNAT, but for backends behind the overlay (struct overlay_config): the node's InternalIP */
	__be32 node_address4;
	struct in6 node_address6;
	/* source ports that SNAT may take, both included, host order */
	__u16 snat_port_min;
	__u16 snat_port_max;
};

/* The overlay: prefix of pods, or address of a node -> the node. Longest prefix first. */
struct overlay4_key {
	__u32 prefixlen;
	__be32 address;
};

struct overlay6_key {
	__u32 prefixlen;
	struct in6 address;
};

struct overlay_peer {
	struct in6 address; /* of the node; an IPv4 one is in the first four octets */
	__u8 family; /* enum overlay_family, of that address */
	__u8 flags; /* enum overlay_flags */
	__u16 pad;
};

/* One element: this node's end of the overlay. */
struct overlay_config {
	__u32 ifindex; /* of the overlay's device; 0: there is none */
	__u32 network_id; /* VNI (RFC 7348), 24 bits */
	/* source of SNAT towards backends behind the overlay: an address that has its replies come back through it; 0 for none */
	__be32 address4;
	struct in6 address6;
	/* source of what goes out encapsulated, by the family of the peer's address; 0: the kernel chooses */
	__be32 node_address4;
	struct in6 node_address6;
};

/* Per CPU and kind of answer: how many were given lately. All zero is a full bucket. */
struct answer_bucket {
	/* bpf_ktime_get_ns() until when what was given is paid for; before now when nothing was given lately */
	__u64 paid_until_ns;
};

/* Per-CPU counters: packets and octets by drop reason and by counter. */
struct counter {
	__u64 packets;
	__u64 bytes;
};

/* No compiler may put octets between members: keys are compared, and codecs count. */
#define HAS_OCTETS(name, octets) _Static_assert(sizeof(struct name) == (octets), "struct " #name " has not " #octets " octets")

HAS_OCTETS(lb4_key, 12);
HAS_OCTETS(lb6_key, 24);
HAS_OCTETS(lb_service, 20);
HAS_OCTETS(lb4_backend, 16);
HAS_OCTETS(lb6_backend, 40);
HAS_OCTETS(lb4_reverse_nat, 8);
HAS_OCTETS(lb6_reverse_nat, 20);
HAS_OCTETS(lb4_source_range_key, 12);
HAS_OCTETS(lb6_source_range_key, 24);
HAS_OCTETS(lb4_affinity_key, 16);
HAS_OCTETS(lb6_affinity_key, 24);
HAS_OCTETS(lb_affinity, 16);
HAS_OCTETS(ct4_key, 16);
HAS_OCTETS(ct6_key, 40);
HAS_OCTETS(ct_entry, 64);
HAS_OCTETS(sock4_reverse_key, 16);
HAS_OCTETS(sock4_reverse, 12);
HAS_OCTETS(fragment4_key, 12);
HAS_OCTETS(fragment4, 4);
HAS_OCTETS(l2_key4, 8);
HAS_OCTETS(l2_key6, 24);
HAS_OCTETS(l2_entry, 32);
HAS_OCTETS(agent_config, 40);
HAS_OCTETS(overlay4_key, 8);
HAS_OCTETS(overlay6_key, 20);
HAS_OCTETS(overlay_peer, 20);
HAS_OCTETS(overlay_config, 48);
HAS_OCTETS(answer_bucket, 8);
HAS_OCTETS(counter, 16);
