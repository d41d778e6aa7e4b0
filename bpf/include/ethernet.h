/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Sending a packet back to where it came from. */
#pragma once

#include "rewrite.h"

#define ANSWER_TTL 64

static __always_inline bool swap_macs(ctx_t *ctx)
{
	struct ethhdr from, to;

	if (!ctx_load(ctx, 0, &from, sizeof(from)))
		return false;
	__builtin_memcpy(to.h_dest, from.h_source, ETH_ALEN);
	__builtin_memcpy(to.h_source, from.h_dest, ETH_ALEN);
	return ctx_store(ctx, 0, &to, 2 * ETH_ALEN);
}

/* The sums of both headers stay as they are. */
static __always_inline bool swap_addresses(ctx_t *ctx, const struct packet4 *packet)
{
	__be32 addresses[2] = { packet->daddr, packet->saddr };

	return ctx_store(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, saddr), addresses, sizeof(addresses));
}
