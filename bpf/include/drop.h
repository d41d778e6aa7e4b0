/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Counting what was done and what was not. No packet of ours is lost without a reason here. */
#pragma once

#include "maps.h"

static __always_inline void count_bytes(void *map, __u32 index, __u64 bytes)
{
	struct counter *counter = bpf_map_lookup_elem(map, &index);

	if (counter) { /* always: the maps are arrays; the verifier wants to see it */
		counter->packets++;
		counter->bytes += bytes;
	}
}

static __always_inline void count(enum counter_id id, __u64 bytes)
{
	count_bytes(&counters, id, bytes);
}

static __always_inline void count_drop(enum drop_reason reason, __u64 bytes)
{
	count_bytes(&drops, reason, bytes);
}
