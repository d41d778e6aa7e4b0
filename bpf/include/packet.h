/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What the programs want to know of an IPv4 packet. */
#pragma once

#include <stdbool.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>

struct packet4 {
	__be32 saddr;
	__be32 daddr;
	__be16 sport; /* 0 for a protocol without ports */
	__be16 dport;
	__u32 l4_offset;
	__u32 l4_length;
	__u8 proto;
	__u8 ttl;
	__u8 tos;
	__u8 tcp_flags;
	__be16 id;
	__u16 fragment; /* flags and offset, as the header has them */
};

#define IP_DONT_FRAGMENT 0x4000
#define IP_MORE_FRAGMENTS 0x2000
#define IP_FRAGMENT_OFFSET 0x1fff

/*
 * Asked of the field each time: a flag that was worked out once would have the verifier go through all that follows twice, for true and
 * for false.
 */

/* It has not all that the sum of TCP or UDP is of. */
static __always_inline bool is_fragment(const struct packet4 *packet)
{
	return packet->fragment & (IP_MORE_FRAGMENTS | IP_FRAGMENT_OFFSET);
}

/* It has no ports of its own, nor a sum. */
static __always_inline bool is_later_fragment(const struct packet4 *packet)
{
	return packet->fragment & IP_FRAGMENT_OFFSET;
}
