/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which backend a packet goes to. */
#pragma once

#include "ct.h"
#include "frontend.h"
#include "hash.h"

enum judgement {
	JUDGE_KEEP,
	JUDGE_SELECT, /* a new backend */
	JUDGE_GONE, /* its backend is no more, and no other can go on with the connection */
};

static __always_inline bool is_active(const struct lb4_backend *backend)
{
	return backend && backend->state == BACKEND_ACTIVE;
}

/*
 * Whether a flow stays where it is. A connection goes on with a backend that is being drained; what opens anew, and UDP, which never
 * ends, goes to an active one.
 */
static __always_inline enum judgement judge(const struct packet4 *packet, const struct ct_entry *entry,
					    const struct lb4_backend *backend, __u64 now)
{
	bool may_stay = true;

	if (packet->proto == IPPROTO_UDP)
		may_stay = is_active(backend) && ct_is_alive(entry, packet->proto, now);
	else if (opens(packet))
		may_stay = is_active(backend) && !(entry->flags & (CT_CLOSING | CT_RST));
	if (!may_stay)
		return JUDGE_SELECT;
	return backend ? JUDGE_KEEP : JUDGE_GONE;
}

/* 0 when the frontend has none. */
static __always_inline __u32 select_backend(const struct packet4 *packet, const struct lb_service *head)
{
	struct lb_service *slot;

	if (head->count == 0)
		return 0;
	slot = find_frontend(packet->daddr, packet->dport, packet->proto, LB_SCOPE_EXTERNAL, hash_packet(packet) % head->count + 1);
	return slot ? slot->backend_or_affinity : 0;
}

/* Where there are none but backends that are being drained, UDP stays with the one it has. */
static __always_inline bool has_nothing_better(const struct packet4 *packet, const struct lb_service *head)
{
	const struct lb4_backend *other;

	if (packet->proto != IPPROTO_UDP)
		return false;
	other = find_backend(select_backend(packet, head));
	return other && !is_active(other);
}
