/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From a client to a frontend to a backend. */
#pragma once

#include "choose.h"
#include "reject.h"
#include "route.h"
#include "track.h"

/* Where a packet goes, and what it then bears. */
struct target4 {
	struct tuple4 tuple;
	bool is_local;
};

static __always_inline void set_target(struct target4 *target, const struct packet4 *packet, const struct ct_entry *entry,
				       const struct lb4_backend *backend)
{
	__be32 nat = ct_address(entry);

	target->is_local = backend->flags & BACKEND_LOCAL;
	target->tuple.daddr = backend->address;
	target->tuple.dport = backend->port;
	target->tuple.saddr = nat ? nat : packet->saddr;
	target->tuple.sport = nat ? entry->nat_port : packet->sport;
}

/* A flow that is not tracked, or whose backend must change. `backend_id`: 0 when there is none for it. */
static __always_inline enum drop_reason open_flow(const ctx_t *ctx, const struct packet4 *packet, const struct ct4_key *key,
						  const struct lb_service *head, __u32 backend_id, __u64 now,
						  struct target4 *target)
{
	struct lb4_backend *backend;
	struct ct_entry entry;
	enum drop_reason reason;

	if (backend_id == 0)
		return DROP_NO_BACKEND;
	backend = find_backend(backend_id);
	if (!backend)
		return DROP_BACKEND_GONE;
	__builtin_memset(&entry, 0, sizeof(entry));
	entry.last_seen_ns = now;
	entry.created_ns = now;
	entry.frontend_id = head->frontend_id;
	entry.backend_id = backend_id;
	reason = track(ctx, packet, key, backend, &entry);
	if (reason == DROP_NONE)
		set_target(target, packet, &entry, backend);
	return reason;
}

static __always_inline enum drop_reason find_target(const ctx_t *ctx, const struct packet4 *packet, const struct lb_service *head,
						    struct target4 *target)
{
	struct ct4_key key = ct4_key_of(packet, CT_FORWARD);
	struct ct_entry *entry = bpf_map_lookup_elem(&ct4, &key);
	__u64 now = bpf_ktime_get_ns();
	struct lb4_backend *backend;
	enum judgement judgement;
	__u32 backend_id = 0;

	if (entry && entry->frontend_id == head->frontend_id) { /* else of a frontend that had the address before */
		backend = find_backend(entry->backend_id);
		judgement = judge(packet, entry, backend, now);
		if (judgement == JUDGE_GONE)
			return DROP_BACKEND_GONE;
		if (backend && (judgement == JUDGE_KEEP || has_nothing_better(packet, head))) {
			if (refresh_reply(packet, &key, entry, backend, now)) {
				entry->flags |= ct_closing_flags(packet, CT_FORWARD);
				ct_count(entry, ctx, packet, now);
				set_target(target, packet, entry, backend);
				return DROP_NONE;
			}
			backend_id = entry->backend_id;
		} else if (backend) {
			forget_reply(&key, entry, backend);
		}
	}
	if (backend_id == 0)
		backend_id = select_backend(packet, head);
	return open_flow(ctx, packet, &key, head, backend_id, now, target);
}

/* LB_CONTINUE: nobody's frontend. */
static __always_inline int forward(ctx_t *ctx, const struct packet4 *packet)
{
	const struct lb_service *head = find_frontend(packet->daddr, packet->dport, packet->proto, LB_SCOPE_EXTERNAL, 0);
	struct target4 target;
	enum drop_reason reason;
	int verdict;

	if (!head)
		return LB_CONTINUE;
	if (!(head->flags & LB_ROUTABLE))
		return drop(ctx, DROP_NOT_ROUTABLE);
	reason = find_target(ctx, packet, head, &target);
	if (reason == DROP_NONE && !target.is_local && packet->ttl <= 1)
		reason = DROP_TTL;
	/* With a Local policy another node has backends, and is about to take the address: let the client try again. */
	if (reason == DROP_NO_BACKEND && (head->flags & LB_EXTERNAL_LOCAL))
		return drop(ctx, reason);
	if (reason != DROP_NONE)
		return reject(ctx, packet, reason);
	remember_fragment(packet);

	if (!target.is_local) {
		verdict = route_on(ctx, packet, &target.tuple);
		if (verdict == VERDICT_REDIRECT)
			count(COUNTER_FORWARDED_REMOTE, ctx_length(ctx));
		return verdict;
	}
	if (!rewrite_tuple(ctx, packet, &target.tuple))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_FORWARDED_LOCAL, ctx_length(ctx));
	return VERDICT_PASS;
}
