/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* From a client to a frontend to a backend. */
#pragma once

#include "frontend.h"
#include "reject.h"
#include "route.h"
#include "snat.h"

/* Where a packet goes, and what it then bears. */
struct target4 {
	struct tuple4 tuple;
	bool is_local;
};

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

static __always_inline void forget_reply(const struct ct4_key *forward, const struct ct_entry *entry,
					 const struct lb4_backend *backend)
{
	struct ct4_key key = ct4_reply_key(forward, entry, backend);
	struct ct_entry *reply = bpf_map_lookup_elem(&ct4, &key);

	if (reply && ct_belongs_to(reply, forward, entry->frontend_id))
		bpf_map_delete_elem(&ct4, &key);
}

/*
 * Puts both entries of a new flow: the CT_REPLY one as the claim on a source, then the CT_FORWARD one, in `forward`'s place.
 * `entry` becomes the latter.
 */
static __always_inline enum drop_reason track(const ctx_t *ctx, const struct packet4 *packet, const struct ct4_key *forward,
					      const struct lb4_backend *backend, struct ct_entry *entry)
{
	const __u32 zero = 0;
	const struct agent_config *config = bpf_map_lookup_elem(&agent_config, &zero);
	bool is_local = backend->flags & BACKEND_LOCAL;
	struct ct4_key reply_key;
	enum drop_reason reason;
	__be32 source;

	if (!config)
		return DROP_NO_SNAT_PORT;
	source = is_local ? packet->saddr : config->node_address4;
	if (source == 0)
		return DROP_NO_SNAT_PORT;
	ct_set_address(entry, source);
	reply_key = ct4_reply_key(forward, entry, backend);

	/* The reply's entry names the client ... */
	ct_set_address(entry, packet->saddr);
	entry->nat_port = packet->sport;
	entry->flags = is_local ? 0 : CT_SNAT;
	reason = claim_source(packet, &reply_key, entry, forward, config, is_local || is_in_port_range(config, packet->sport));
	if (reason != DROP_NONE)
		return reason;

	/* ... and the forward entry the source that was claimed, unless it is the client itself. */
	entry->packets = 1;
	entry->bytes = ctx_length(ctx);
	entry->tcp_flags_seen = packet->tcp_flags;
	entry->nat_port = reply_key.dport;
	ct_set_address(entry, source);
	if (is_local && reply_key.dport == packet->sport) {
		entry->nat_port = 0;
		ct_set_address(entry, 0);
	}
	if (bpf_map_update_elem(&ct4, forward, entry, BPF_ANY)) {
		bpf_map_delete_elem(&ct4, &reply_key);
		return DROP_CT_FULL;
	}
	count(COUNTER_CT_CREATED, ctx_length(ctx));
	return DROP_NONE;
}

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

/*
 * The entry of the replies, looked at once a second and whenever the flow ends: that it is there still, and still this flow's, is not
 * certain (the map is an LRU, and a source that seems dead is given away). False: track the flow anew.
 */
static __always_inline bool refresh_reply(const struct packet4 *packet, const struct ct4_key *key, const struct ct_entry *entry,
					  const struct lb4_backend *backend, __u64 now)
{
	__u16 closing = ct_closing_flags(packet, CT_FORWARD);
	struct ct4_key reply_key;
	struct ct_entry *reply;

	if (!closing && now < entry->last_seen_ns + NS_PER_SECOND)
		return true;
	reply_key = ct4_reply_key(key, entry, backend);
	reply = bpf_map_lookup_elem(&ct4, &reply_key);
	if (!reply || !ct_belongs_to(reply, key, entry->frontend_id))
		return false;
	reply->last_seen_ns = now;
	reply->flags |= closing;
	return true;
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
