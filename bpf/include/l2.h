/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Answering ARP (RFC 826) for the addresses in l2_responder4, and seeing who else claims them. */
#pragma once

#include "verdict.h"

#define ARP_HARDWARE_ETHERNET 1
#define ARP_REQUEST 1
#define ARP_REPLY 2

struct arp4 {
	__be16 hardware;
	__be16 protocol;
	__u8 hardware_length;
	__u8 protocol_length;
	__be16 operation;
	__u8 sender_mac[ETH_ALEN];
	__be32 sender;
	__u8 target_mac[ETH_ALEN];
	__be32 target;
} __attribute__((packed));

struct arp_frame {
	struct ethhdr eth;
	struct arp4 arp;
} __attribute__((packed));

_Static_assert(sizeof(struct arp_frame) == 42, "an ARP frame has 42 octets");

static __always_inline bool same_mac(const __u8 *a, const __u8 *b)
{
	return ((a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]) | (a[4] ^ b[4]) | (a[5] ^ b[5])) == 0;
}

static __always_inline bool is_broadcast(const __u8 *mac)
{
	return (mac[0] & mac[1] & mac[2] & mac[3] & mac[4] & mac[5]) == 0xff;
}

static __always_inline struct l2_entry *find_announced(__be32 address, __u32 ifindex)
{
	struct l2_key4 key = { .address = address, .ifindex = ifindex };

	return bpf_map_lookup_elem(&l2_responder4, &key);
}

/* The agent has not said for too long that it lives: others may have taken its addresses, so it is silent about them. */
static __always_inline bool is_fenced(void)
{
	const __u32 zero = 0;
	const struct agent_config *config = bpf_map_lookup_elem(&agent_config, &zero);
	__u64 stamp;

	if (!config)
		return true;
	if (config->fence_ns == 0)
		return false;
	stamp = config->agent_stamp_ns;
	return stamp == 0 || bpf_ktime_get_ns() > stamp + config->fence_ns;
}

/* Another station says that one of our addresses is its own. The agent decides what to do about it. */
static __always_inline void note_conflict(const ctx_t *ctx, const struct arp4 *arp)
{
	struct l2_entry *entry = find_announced(arp->sender, ctx_ifindex(ctx));

	if (!entry || same_mac(entry->mac, arp->sender_mac))
		return;
	__builtin_memcpy(entry->conflict_mac, arp->sender_mac, ETH_ALEN);
	entry->conflict_ns = bpf_ktime_get_ns();
	count(COUNTER_ARP_CONFLICTS, ctx_length(ctx));
}

static __always_inline bool is_ipv4_over_ethernet(const struct arp4 *arp)
{
	return arp->hardware == bpf_htons(ARP_HARDWARE_ETHERNET) && arp->protocol == bpf_htons(ETH_P_IP) &&
	       arp->hardware_length == ETH_ALEN && arp->protocol_length == sizeof(arp->sender);
}

/* Turns the request into its reply and sends it out of the port that it came in by. */
static __always_inline int reply_to_request(ctx_t *ctx, struct arp_frame *frame, struct l2_entry *entry)
{
	__be32 asked = frame->arp.target;

	__builtin_memcpy(frame->eth.h_dest, frame->eth.h_source, ETH_ALEN);
	__builtin_memcpy(frame->eth.h_source, entry->mac, ETH_ALEN);
	frame->arp.operation = bpf_htons(ARP_REPLY);
	__builtin_memcpy(frame->arp.target_mac, frame->arp.sender_mac, ETH_ALEN);
	__builtin_memcpy(frame->arp.sender_mac, entry->mac, ETH_ALEN);
	frame->arp.target = frame->arp.sender;
	frame->arp.sender = asked;
	if (!ctx_store(ctx, 0, frame, sizeof(*frame)))
		return drop(ctx, DROP_WRITE_FAILED);
	__sync_fetch_and_add(&entry->replies, 1);
	count(COUNTER_ARP_REPLIES, ctx_length(ctx));
	return ctx_redirect(ctx_ifindex(ctx));
}

static __always_inline int answer_arp(ctx_t *ctx)
{
	struct arp_frame frame;
	struct l2_entry *entry;

	if (!ctx_load(ctx, 0, &frame, sizeof(frame)) || !is_ipv4_over_ethernet(&frame.arp))
		return VERDICT_PASS;
	note_conflict(ctx, &frame.arp);
	if (frame.arp.operation != bpf_htons(ARP_REQUEST) || frame.arp.sender == frame.arp.target)
		return VERDICT_PASS;
	entry = find_announced(frame.arp.target, ctx_ifindex(ctx));
	if (!entry || (!is_broadcast(frame.eth.h_dest) && !same_mac(frame.eth.h_dest, entry->mac)))
		return VERDICT_PASS;
	if (is_fenced()) {
		count(COUNTER_ARP_FENCED, ctx_length(ctx));
		return VERDICT_PASS;
	}
	return reply_to_request(ctx, &frame, entry);
}
