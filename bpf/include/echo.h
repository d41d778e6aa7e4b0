/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Answering ICMP echo (RFC 792) in the name of an announced address: people ping what they have just been given. */
#pragma once

#include "icmp.h"
#include "rewrite.h"
#include "verdict.h"

#define ECHO_REPLY_TTL 64

static __always_inline bool swap_macs(ctx_t *ctx)
{
	struct ethhdr from, to;

	if (!ctx_load(ctx, 0, &from, sizeof(from)))
		return false;
	__builtin_memcpy(to.h_dest, from.h_source, ETH_ALEN);
	__builtin_memcpy(to.h_source, from.h_dest, ETH_ALEN);
	return ctx_store(ctx, 0, &to, 2 * ETH_ALEN);
}

/* Both sums stay as they are. */
static __always_inline bool swap_addresses(ctx_t *ctx, const struct packet4 *packet)
{
	__be32 addresses[2] = { packet->daddr, packet->saddr };

	return ctx_store(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, saddr), addresses, sizeof(addresses));
}

static __always_inline bool set_ttl(ctx_t *ctx, const struct packet4 *packet, __u8 ttl)
{
	__be16 from = bpf_htons(packet->ttl << 8 | packet->proto);
	__be16 to = bpf_htons(ttl << 8 | packet->proto);

	return bpf_l3_csum_replace(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, check), from, to, sizeof(to)) == 0 &&
	       ctx_store(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, ttl), &ttl, sizeof(ttl));
}

static __always_inline int answer_echo(ctx_t *ctx, const struct packet4 *packet)
{
	__be16 from = bpf_htons(ICMP_ECHO << 8), to = bpf_htons(ICMP_ECHO_REPLY << 8);
	__u8 type = ICMP_ECHO_REPLY;

	if (bpf_l4_csum_replace(ctx, packet->l4_offset + __builtin_offsetof(struct icmp, checksum), from, to, sizeof(to)) ||
	    !ctx_store(ctx, packet->l4_offset, &type, sizeof(type)) || !swap_addresses(ctx, packet) ||
	    !set_ttl(ctx, packet, ECHO_REPLY_TTL) || !swap_macs(ctx))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_ECHO_REPLIES, ctx_length(ctx));
	return ctx_redirect(ctx_ifindex(ctx));
}

static __always_inline bool is_echo_request(ctx_t *ctx, const struct packet4 *packet)
{
	struct icmp icmp;

	return packet->proto == IPPROTO_ICMP && packet->l4_length >= sizeof(icmp) &&
	       ctx_load(ctx, packet->l4_offset, &icmp, sizeof(icmp)) && icmp.type == ICMP_ECHO && icmp.code == 0;
}
