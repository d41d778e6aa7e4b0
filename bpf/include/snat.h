/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The source that a backend sees. It must be one to which the backend's replies come back through us, and (backend, source) must
 * name the client. The CT_REPLY entry itself is the claim on a source: whoever puts it has it.
 */
#pragma once

#include "ct.h"
#include "hash.h"

#define SNAT_TRIES 32
#define ERRNO_EXISTS 17 /* EEXIST; errno.h is not for BPF */

enum claim_result {
	CLAIM_DONE,
	CLAIM_TAKEN,
	CLAIM_FULL,
};

/* Puts `reply` under `key` unless a flow that is alive has it. */
static __always_inline enum claim_result claim(const struct ct4_key *key, const struct ct_entry *reply,
					       const struct ct4_key *forward)
{
	struct ct_entry *existing;
	long result = bpf_map_update_elem(&ct4, key, reply, BPF_NOEXIST);

	if (result == 0)
		return CLAIM_DONE;
	if (result != -ERRNO_EXISTS)
		return CLAIM_FULL;
	existing = bpf_map_lookup_elem(&ct4, key);
	if (existing && !ct_belongs_to(existing, forward, reply->frontend_id) &&
	    ct_is_alive(existing, key->proto, reply->last_seen_ns))
		return CLAIM_TAKEN;
	return bpf_map_update_elem(&ct4, key, reply, BPF_ANY) == 0 ? CLAIM_DONE : CLAIM_FULL;
}

static __always_inline bool has_port_range(const struct agent_config *config)
{
	return config->snat_port_min != 0 && config->snat_port_min <= config->snat_port_max;
}

static __always_inline bool is_in_port_range(const struct agent_config *config, __be16 port)
{
	return config->snat_port_min <= bpf_ntohs(port) && bpf_ntohs(port) <= config->snat_port_max;
}

/* A port of the range; the order of the tries is the flow's own. */
static __always_inline __be16 candidate_port(const struct agent_config *config, const struct packet4 *packet, __u32 try)
{
	__u32 span = (__u32)config->snat_port_max - config->snat_port_min + 1;

	return bpf_htons(config->snat_port_min + mix(hash_packet(packet) + try) % span);
}

/*
 * Claims a source for a flow to a backend. `key` is that of the replies, with the backend and the source's address filled in; its
 * dport becomes the port. `keep`: the client's own port will do, and is tried first.
 */
static __always_inline enum drop_reason claim_source(const struct packet4 *packet, struct ct4_key *key,
						     const struct ct_entry *reply, const struct ct4_key *forward,
						     const struct agent_config *config, bool keep)
{
	enum claim_result result;

#pragma clang loop unroll(disable)
	for (__u32 try = 0; try <= SNAT_TRIES; try++) {
		if (try == 0) {
			if (!keep)
				continue;
			key->dport = packet->sport;
		} else {
			if (!has_port_range(config))
				return DROP_NO_SNAT_PORT;
			key->dport = candidate_port(config, packet, try);
		}
		result = claim(key, reply, forward);
		if (result == CLAIM_DONE)
			return DROP_NONE;
		if (result == CLAIM_FULL)
			return DROP_CT_FULL;
		count(COUNTER_SNAT_RETRY, 0);
	}
	return DROP_NO_SNAT_PORT;
}
