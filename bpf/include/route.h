/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sending a rewritten packet on by the kernel's own routes and neighbours, without the way through its stack. */
#pragma once

#include "overlay.h"
#include "parse.h"
#include "rewrite.h"
#include "too_big.h"
#include "verdict.h"

#define ADDRESS_FAMILY_INET 2 /* AF_INET; sys/socket.h is not for BPF */
#define ANY_LENGTH 1

/* What the kernel would do with the packet. `length`: what the link must take, in octets without Ethernet; ANY_LENGTH to find it anyhow. */
static __always_inline long find_route(ctx_t *ctx, const struct packet4 *packet, const struct tuple4 *to, __u16 length,
				       struct bpf_fib_lookup *fib)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = ADDRESS_FAMILY_INET;
	fib->l4_protocol = packet->proto;
	fib->sport = to->sport;
	fib->dport = to->dport;
	fib->tos = packet->tos;
	fib->tot_len = length;
	fib->ipv4_src = to->saddr;
	fib->ipv4_dst = to->daddr;
	fib->ifindex = ctx_ifindex(ctx);
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), 0);
}

static __always_inline int send_to_neighbour(ctx_t *ctx, const struct bpf_fib_lookup *fib)
{
	struct ethhdr eth;

	__builtin_memcpy(eth.h_dest, fib->dmac, ETH_ALEN);
	__builtin_memcpy(eth.h_source, fib->smac, ETH_ALEN);
	if (!ctx_store(ctx, 0, &eth, 2 * ETH_ALEN))
		return drop(ctx, DROP_WRITE_FAILED);
	return ctx_redirect(fib->ifindex);
}

/* The kernel has no neighbour yet: it asks for one, and keeps the packet meanwhile. */
static __always_inline int send_and_resolve(const struct bpf_fib_lookup *fib)
{
	struct bpf_redir_neigh next_hop = { .nh_family = ADDRESS_FAMILY_INET, .ipv4_nh = fib->ipv4_dst };

	return bpf_redirect_neigh(fib->ifindex, &next_hop, sizeof(next_hop), 0);
}

static __always_inline int send_on(ctx_t *ctx, long route, const struct bpf_fib_lookup *fib)
{
	return route == BPF_FIB_LKUP_RET_SUCCESS ? send_to_neighbour(ctx, fib) : send_and_resolve(fib);
}

static __always_inline bool is_overlay(__u32 ifindex)
{
	const struct overlay_config *overlay = own_overlay();

	return overlay && overlay->ifindex && overlay->ifindex == ifindex;
}

/* Rewrites the packet to `to`, takes one off its TTL and sends it on; or tells the sender that a link takes less. */
static __always_inline int route_on(ctx_t *ctx, const struct packet4 *packet, const struct tuple4 *to)
{
	struct bpf_fib_lookup fib;
	__u16 mtu;
	long result;

	if (packet->ttl <= 1)
		return drop(ctx, DROP_TTL);
	result = find_route(ctx, packet, to, wire_length(ctx, packet), &fib);
	if (result == BPF_FIB_LKUP_RET_FRAG_NEEDED) {
		mtu = fib.mtu_result;
		if (packet->fragment & IP_DONT_FRAGMENT)
			return too_big(ctx, packet, mtu);
		/* Whom it does not matter gets it in pieces: the kernel cuts up the envelope, of an overlay alone. */
		result = find_route(ctx, packet, to, ANY_LENGTH, &fib);
		if (!is_overlay(fib.ifindex))
			return too_big(ctx, packet, mtu);
	}
	if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
		return drop(ctx, DROP_NO_ROUTE);
	if (!rewrite_tuple(ctx, packet, to) || !set_ttl(ctx, packet, packet->ttl - 1))
		return drop(ctx, DROP_WRITE_FAILED);
	return send_on(ctx, result, &fib);
}

/* True when an address belongs to this node itself: its packets are the stack's, whatever else is said of the address. */
static __always_inline bool is_own_address(ctx_t *ctx, const struct packet4 *packet)
{
	struct tuple4 to = { .saddr = packet->saddr, .daddr = packet->daddr };
	struct bpf_fib_lookup fib;

	return find_route(ctx, packet, &to, ANY_LENGTH, &fib) == BPF_FIB_LKUP_RET_NOT_FWDED;
}
