/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * How many packets are answered that nobody asked for. Who sends them may lie about their source: without a limit a flood of them would be
 * sent on to whose address it is. The rate is the one that Linux has for its ICMP errors (net.ipv4.icmp_msgs_per_sec), here for each CPU and
 * each kind of answer, so that a flood of UDP takes no TCP client's reset away.
 */
#pragma once

#include "maps.h"

#define ANSWERS_PER_SECOND 1000
/* A bucket holds the answers of a second: clients that all find their Service gone at once are told at once. */
#define ANSWER_BUCKET_NS 1000000000ULL
#define ANSWER_COST_NS (ANSWER_BUCKET_NS / ANSWERS_PER_SECOND)

/* Takes an answer out of this CPU's bucket. Programs at tc are not interrupted by each other, so nothing has to be atomic. */
static __always_inline bool may_answer_now(enum answer_kind kind)
{
	__u32 index = kind;
	struct answer_bucket *bucket = bpf_map_lookup_elem(&answer_buckets, &index);
	__u64 now = bpf_ktime_get_ns();
	__u64 paid_until;

	if (!bucket) /* never: the map is an array; the verifier wants to see it */
		return false;
	paid_until = bucket->paid_until_ns > now ? bucket->paid_until_ns : now;
	if (paid_until + ANSWER_COST_NS > now + ANSWER_BUCKET_NS)
		return false;
	bucket->paid_until_ns = paid_until + ANSWER_COST_NS;
	return true;
}
