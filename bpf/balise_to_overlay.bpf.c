/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* tc egress of the overlay's device: to which node a packet for a pod goes. */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include "include/tunnel.h"

/*
 * No MAC says anything here: the way has two ends. They must not be those of a device, as the kernel takes a packet that bears the MAC of the
 * device that it arrives at for its own (vxlan_set_mac), and cloned machines may have the same.
 */
static const struct ethhdr ENDS = {
	.h_dest = { 0x02, 0xba, 0x11, 0x5e, 0x00, 0x02 },
	.h_source = { 0x02, 0xba, 0x11, 0x5e, 0x00, 0x01 },
};

static __always_inline int send_to(ctx_t *ctx, const struct overlay_peer *peer)
{
	const struct overlay_config *overlay = own_overlay();

	if (!overlay || !is_destination(peer))
		return drop(ctx, DROP_NO_OVERLAY_PEER);
	if (!ctx_store(ctx, 0, &ENDS, 2 * ETH_ALEN) || !set_tunnel(ctx, overlay, peer))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_OVERLAY_SENT, ctx_length(ctx));
	return VERDICT_PASS;
}

/*
 * What is for all stations or for the link is passed on without a peer, and so ends in the device. The kernel sends such on every device; it
 * is no loss to be counted.
 */
static __always_inline bool is_unicast4(__be32 address)
{
	return bpf_ntohl(address) >> 28 < 14;
}

static __always_inline bool is_unicast6(const struct in6 *address)
{
	return address->octets[0] != 0xff && !(address->octets[0] == 0xfe && address->octets[1] >> 6 == 2);
}

SEC("tc")
int balise_to_overlay(struct __sk_buff *ctx)
{
	struct in6 destination6;
	__be32 destination4;

	if (ctx_protocol(ctx) == bpf_htons(ETH_P_IP)) {
		if (!ctx_load(ctx, ETH_HLEN + __builtin_offsetof(struct iphdr, daddr), &destination4, sizeof(destination4)))
			return drop(ctx, DROP_MALFORMED);
		return is_unicast4(destination4) ? send_to(ctx, find_peer4(destination4)) : VERDICT_PASS;
	}
	if (ctx_protocol(ctx) == bpf_htons(ETH_P_IPV6)) {
		if (!ctx_load(ctx, ETH_HLEN + __builtin_offsetof(struct ipv6hdr, daddr), &destination6, sizeof(destination6)))
			return drop(ctx, DROP_MALFORMED);
		return is_unicast6(&destination6) ? send_to(ctx, find_peer6(&destination6)) : VERDICT_PASS;
	}
	return VERDICT_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
