/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Putting the two entries of a flow, keeping them together, and taking them away. */
#pragma once

#include "overlay.h"
#include "snat.h"

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
 * `entry` becomes the latter. A function of its own, not static, so that the verifier goes through it once, not once for each way
 * that leads here; it then wants to see that no pointer is NULL.
 */
__noinline enum drop_reason track(const ctx_t *ctx, const struct packet4 *packet, const struct ct4_key *forward,
				  const struct lb4_backend *backend, struct ct_entry *entry)
{
	const __u32 zero = 0;
	const struct agent_config *config = bpf_map_lookup_elem(&agent_config, &zero);
	struct ct4_key reply_key;
	bool is_local;
	enum drop_reason reason;
	__be32 source;

	if (!config || !ctx || !packet || !forward || !backend || !entry)
		return DROP_NO_SNAT_PORT;
	is_local = backend->flags & BACKEND_LOCAL;
	source = is_local ? packet->saddr : snat_source(config, backend->address);
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
