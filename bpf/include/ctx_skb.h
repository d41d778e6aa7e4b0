/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * The packet's context as tc has it. All access to a packet goes through these functions, so that an XDP program can be built
 * from the same sources with a ctx_xdp.h beside this file.
 */
#pragma once

#include <stdbool.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

typedef struct __sk_buff ctx_t;

/* What a program answers. LB_CONTINUE never leaves it: the helper has nothing against the packet, go on. */
enum verdict {
	VERDICT_PASS = TC_ACT_UNSPEC, /* to the next program, or up the stack */
	VERDICT_DROP = TC_ACT_SHOT,
	VERDICT_REDIRECT = TC_ACT_REDIRECT,
	LB_CONTINUE = 0x1000,
};

static __always_inline __u32 ctx_length(const ctx_t *ctx)
{
	return ctx->len;
}

static __always_inline __u32 ctx_ifindex(const ctx_t *ctx)
{
	return ctx->ifindex;
}

static __always_inline __be16 ctx_protocol(const ctx_t *ctx)
{
	return ctx->protocol;
}

/* A VLAN tag that the device took off: the frame belongs to the VLAN's own device, and is seen there again. */
static __always_inline bool ctx_has_vlan(const ctx_t *ctx)
{
	return ctx->vlan_present;
}

/* Several segments in one: lengths in its headers may be those of the whole, or 0. */
static __always_inline bool ctx_is_gso(const ctx_t *ctx)
{
	return ctx->gso_size != 0;
}

/* Octets that each of them carries; 0 when there are not several. */
static __always_inline __u32 ctx_segment_length(const ctx_t *ctx)
{
	return ctx->gso_size;
}

/* False when the packet is too short. What lies at a constant offset is read in place, if it lies in the first buffer. */
static __always_inline bool ctx_load(ctx_t *ctx, __u32 offset, void *to, __u32 length)
{
	if (__builtin_constant_p(offset)) {
		const void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

		if (data + offset + length <= end) {
			__builtin_memcpy(to, data + offset, length);
			return true;
		}
	}
	return bpf_skb_load_bytes(ctx, offset, to, length) == 0;
}

static __always_inline bool ctx_store(ctx_t *ctx, __u32 offset, const void *from, __u32 length)
{
	return bpf_skb_store_bytes(ctx, offset, from, length, 0) == 0;
}

static __always_inline int ctx_redirect(__u32 ifindex)
{
	return bpf_redirect(ifindex, 0);
}
