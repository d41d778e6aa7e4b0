/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Later fragments (RFC 791 section 3.2) have no ports: they go the way of their first one, which must have come before them. */
#pragma once

#include "packet.h"
#include "maps.h"

static __always_inline struct fragment4_key fragment_key_of(const struct packet4 *packet)
{
	struct fragment4_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.saddr = packet->saddr;
	key.daddr = packet->daddr;
	key.id = packet->id;
	key.proto = packet->proto;
	return key;
}

/* For packets of ours alone: others' fragments are not worth a place. */
static __always_inline void remember_fragment(const struct packet4 *packet)
{
	struct fragment4 ports = { .sport = packet->sport, .dport = packet->dport };
	struct fragment4_key key;

	if (!is_fragment(packet) || is_later_fragment(packet))
		return;
	key = fragment_key_of(packet);
	bpf_map_update_elem(&fragments4, &key, &ports, BPF_ANY);
}

/* False when the first one was none of ours, or is still to come. */
static __always_inline bool recall_fragment(struct packet4 *packet)
{
	struct fragment4_key key = fragment_key_of(packet);
	const struct fragment4 *ports = bpf_map_lookup_elem(&fragments4, &key);

	if (!ports)
		return false;
	packet->sport = ports->sport;
	packet->dport = ports->dport;
	return true;
}
