/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Answering ICMP echo (RFC 792) in the name of an announced address: people ping what they have just been given. */
#pragma once

#include "icmp.h"
#include "ethernet.h"
#include "verdict.h"

static __always_inline int answer_echo(ctx_t *ctx, const struct packet4 *packet)
{
	__be16 from = bpf_htons(ICMP_ECHO << 8), to = bpf_htons(ICMP_ECHO_REPLY << 8);
	__u8 type = ICMP_ECHO_REPLY;

	if (bpf_l4_csum_replace(ctx, packet->l4_offset + __builtin_offsetof(struct icmp, checksum), from, to, sizeof(to)) ||
	    !ctx_store(ctx, packet->l4_offset, &type, sizeof(type)) || !swap_addresses(ctx, packet) ||
	    !set_ttl(ctx, packet, ANSWER_TTL) || !swap_macs(ctx))
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
