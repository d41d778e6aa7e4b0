/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

#include "parse.h"

/* MurmurHash3's finalizer: every bit of `value` moves every bit of the result. */
static __always_inline __u32 mix(__u32 value)
{
	value ^= value >> 16;
	value *= 0x85ebca6b;
	value ^= value >> 13;
	value *= 0xc2b2ae35;
	value ^= value >> 16;
	return value;
}

/* Without a seed, on purpose: after a takeover another node sends a flow to the same backend as long as the slots are the same. */
static __always_inline __u32 hash_packet(const struct packet4 *packet)
{
	__u32 ports = (__u32)packet->sport << 16 | packet->dport;

	return mix(packet->saddr ^ mix(packet->daddr ^ mix(ports ^ mix(packet->proto))));
}
