/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Changing addresses, ports and TTL. Checksums are updated, never computed anew (RFC 1624): the packet may hold many segments, or a
 * checksum that the device is still to fill in, and the kernel's helpers know which.
 */
#pragma once

#include "parse.h"

struct tuple4 {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
};

static __always_inline bool rewrite_addresses(ctx_t *ctx, const struct tuple4 *to, __s64 difference)
{
	__be32 addresses[2] = { to->saddr, to->daddr };

	return bpf_l3_csum_replace(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, check), 0, difference, 0) == 0 &&
	       ctx_store(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, saddr), addresses, sizeof(addresses));
}

static __always_inline bool rewrite_l4(ctx_t *ctx, const struct packet4 *packet, const struct tuple4 *to, __s64 difference)
{
	union {
		__be16 each[2];
		__u32 both;
	} from = { .each = { packet->sport, packet->dport } }, ports = { .each = { to->sport, to->dport } };
	__u32 check = packet->l4_offset + __builtin_offsetof(struct tcphdr, check);
	__u64 flags = 0;

	if (is_later_fragment(packet))
		return true;
	if (packet->proto == IPPROTO_UDP) {
		check = packet->l4_offset + __builtin_offsetof(struct udphdr, check);
		flags = BPF_F_MARK_MANGLED_0; /* 0 means that there is no checksum, and stays; a sum of 0 is sent as all ones */
	}
	if (bpf_l4_csum_replace(ctx, check, 0, difference, BPF_F_PSEUDO_HDR | flags))
		return false;
	if (from.both == ports.both)
		return true;
	return bpf_l4_csum_replace(ctx, check, from.both, ports.both, flags | sizeof(ports)) == 0 &&
	       ctx_store(ctx, packet->l4_offset, &ports, sizeof(ports));
}

static __always_inline bool rewrite_tuple(ctx_t *ctx, const struct packet4 *packet, const struct tuple4 *to)
{
	__be32 from_addresses[2] = { packet->saddr, packet->daddr };
	__be32 to_addresses[2] = { to->saddr, to->daddr };
	__s64 difference = bpf_csum_diff(from_addresses, sizeof(from_addresses), to_addresses, sizeof(to_addresses), 0);

	return rewrite_l4(ctx, packet, to, difference) && rewrite_addresses(ctx, to, difference);
}

static __always_inline bool set_ttl(ctx_t *ctx, const struct packet4 *packet, __u8 ttl)
{
	/* TTL and protocol are one 16-bit word of the checksum. */
	__be16 from = bpf_htons(packet->ttl << 8 | packet->proto);
	__be16 to = bpf_htons(ttl << 8 | packet->proto);

	return bpf_l3_csum_replace(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, check), from, to, sizeof(to)) == 0 &&
	       ctx_store(ctx, L3_OFFSET + __builtin_offsetof(struct iphdr, ttl), &ttl, sizeof(ttl));
}
