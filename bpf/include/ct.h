/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Connection tracking: the two entries of a flow through a VIP. See struct ct_entry. */
#pragma once

#include "parse.h"

#define NS_PER_SECOND 1000000000ULL
#define CT_CLOSING (CT_FORWARD_CLOSING | CT_REPLY_CLOSING)

static __always_inline struct ct4_key ct4_key_of(const struct packet4 *packet, enum ct_direction direction)
{
	struct ct4_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.saddr = packet->saddr;
	key.daddr = packet->daddr;
	key.sport = packet->sport;
	key.dport = packet->dport;
	key.proto = packet->proto;
	key.direction = direction;
	return key;
}

static __always_inline __be32 ct_address(const struct ct_entry *entry)
{
	__be32 address;

	__builtin_memcpy(&address, &entry->nat_address, sizeof(address));
	return address;
}

static __always_inline void ct_set_address(struct ct_entry *entry, __be32 address)
{
	__builtin_memcpy(&entry->nat_address, &address, sizeof(address));
}

/* The key of the packets that the backend sends back, for the flow of a CT_FORWARD entry. */
static __always_inline struct ct4_key ct4_reply_key(const struct ct4_key *forward, const struct ct_entry *entry,
						    const struct lb4_backend *backend)
{
	struct ct4_key key;
	__be32 nat = ct_address(entry);

	__builtin_memset(&key, 0, sizeof(key));
	key.saddr = backend->address;
	key.sport = backend->port;
	key.daddr = nat ? nat : forward->saddr;
	key.dport = nat ? entry->nat_port : forward->sport;
	key.proto = forward->proto;
	key.direction = CT_REPLY;
	return key;
}

/* The flow may still have packets to come. A dead one's entries, and its source port, may be taken. */
static __always_inline bool ct_is_alive(const struct ct_entry *entry, __u8 proto, __u64 now)
{
	__u64 timeout = CT_TIMEOUT_ANY;

	if (proto == IPPROTO_TCP) {
		timeout = CT_TIMEOUT_TCP;
		if ((entry->flags & CT_CLOSING) == CT_CLOSING || (entry->flags & CT_RST))
			timeout = CT_TIMEOUT_TCP_CLOSED;
		else if (!(entry->flags & CT_SEEN_REPLY))
			timeout = CT_TIMEOUT_TCP_OPENING;
	}
	return now < entry->last_seen_ns + timeout * NS_PER_SECOND;
}

static __always_inline bool ct_belongs_to(const struct ct_entry *reply, const struct ct4_key *forward, __u32 frontend_id)
{
	return reply->frontend_id == frontend_id && ct_address(reply) == forward->saddr && reply->nat_port == forward->sport;
}

static __always_inline void ct_count(struct ct_entry *entry, const ctx_t *ctx, const struct packet4 *packet, __u64 now)
{
	entry->last_seen_ns = now;
	entry->tcp_flags_seen |= packet->tcp_flags;
	__sync_fetch_and_add(&entry->packets, 1);
	__sync_fetch_and_add(&entry->bytes, ctx_length(ctx));
}

/* What a packet says about the end of its connection, as flags for both entries. */
static __always_inline __u16 ct_closing_flags(const struct packet4 *packet, enum ct_direction direction)
{
	__u16 flags = 0;

	if (packet->tcp_flags & (TCP_FIN | TCP_RST))
		flags |= direction == CT_FORWARD ? CT_FORWARD_CLOSING : CT_REPLY_CLOSING;
	if (packet->tcp_flags & TCP_RST)
		flags |= CT_RST;
	return flags;
}
