/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From a backend back to the client, in the frontend's name. */
#pragma once

#include "frontend.h"
#include "route.h"
#include "ct.h"

static __always_inline struct ct_entry *find_reply(const struct packet4 *packet)
{
	struct ct4_key key = ct4_key_of(packet, CT_REPLY);

	return bpf_map_lookup_elem(&ct4, &key);
}

/* The entry of the other direction learns what it cannot see itself. */
static __always_inline void tell_forward(const struct ct_entry *reply, const struct tuple4 *to, __u8 proto, __u16 flags)
{
	struct ct4_key key;
	struct ct_entry *entry;

	__builtin_memset(&key, 0, sizeof(key));
	key.saddr = to->daddr;
	key.daddr = to->saddr;
	key.sport = to->dport;
	key.dport = to->sport;
	key.proto = proto;
	key.direction = CT_FORWARD;
	entry = bpf_map_lookup_elem(&ct4, &key);
	if (entry && entry->frontend_id == reply->frontend_id)
		entry->flags |= flags;
}

/* What a reply becomes. DROP_NO_SERVICE: the frontend is no more. */
static __always_inline enum drop_reason reverse(const ctx_t *ctx, const struct packet4 *packet, struct ct_entry *entry,
						struct tuple4 *to)
{
	__u32 frontend_id = entry->frontend_id;
	const struct lb4_reverse_nat *frontend = bpf_map_lookup_elem(&lb4_reverse_nat, &frontend_id);
	__u16 flags = CT_SEEN_REPLY | ct_closing_flags(packet, CT_REPLY);

	if (!frontend)
		return DROP_NO_SERVICE;
	to->saddr = frontend->address;
	to->sport = frontend->port;
	to->daddr = ct_address(entry);
	to->dport = entry->nat_port;
	if (flags & ~entry->flags) {
		tell_forward(entry, to, packet->proto, flags);
		entry->flags |= flags;
	}
	ct_count(entry, ctx, packet, bpf_ktime_get_ns());
	remember_fragment(packet);
	return DROP_NONE;
}

/* At ingress: of a backend on another node, which saw our address. */
static __always_inline int reply_to_client(ctx_t *ctx, const struct packet4 *packet)
{
	struct ct_entry *entry = find_reply(packet);
	enum drop_reason reason;
	struct tuple4 to;
	int verdict;

	if (!entry || !(entry->flags & CT_SNAT))
		return LB_CONTINUE;
	reason = reverse(ctx, packet, entry, &to);
	if (reason != DROP_NONE)
		return drop(ctx, reason);
	verdict = route_on(ctx, packet, &to);
	if (verdict == VERDICT_REDIRECT)
		count(COUNTER_REPLIES_REMOTE, ctx_length(ctx));
	return verdict;
}

/* At egress: of a backend on this node, which saw the client's address; the stack has done the routing. */
static __always_inline int reply_leaves(ctx_t *ctx, const struct packet4 *packet)
{
	struct ct_entry *entry = find_reply(packet);
	enum drop_reason reason;
	struct tuple4 to;

	if (!entry || (entry->flags & CT_SNAT))
		return LB_CONTINUE;
	reason = reverse(ctx, packet, entry, &to);
	if (reason != DROP_NONE)
		return drop(ctx, reason);
	if (!rewrite_tuple(ctx, packet, &to))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_REPLIES_LOCAL, ctx_length(ctx));
	return VERDICT_PASS;
}
