/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* tc ingress of the overlay's device: packets from pods of other nodes, and replies of backends there. */
#include <linux/if_packet.h>
#include <linux/ipv6.h>
#include "include/related.h"
#include "include/reply.h"
#include "include/tunnel.h"

/* The frame bears nobody's MAC (see balise_to_overlay), so the kernel took it for someone else's. */
static __always_inline int deliver(ctx_t *ctx)
{
	if (bpf_skb_change_type(ctx, PACKET_HOST))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_OVERLAY_RECEIVED, ctx_length(ctx));
	return VERDICT_PASS;
}

static __always_inline int handle_ipv4(ctx_t *ctx, const struct tunnel_end *sender)
{
	struct packet4 packet;
	enum parse_result parsed = parse_ipv4(ctx, &packet);
	int verdict = LB_CONTINUE;

	if (parsed == PARSE_TOO_SHORT)
		return drop(ctx, DROP_MALFORMED);
	if (!is_sender(find_peer4(packet.saddr), sender))
		return drop(ctx, DROP_OVERLAY_SOURCE);
	if (parsed == PARSE_OK && is_snat_source(packet.daddr))
		verdict = reply_to_client(ctx, &packet);
	else if (parsed == PARSE_OTHER)
		verdict = error_arrives(ctx, &packet);
	return verdict == LB_CONTINUE || verdict == VERDICT_PASS ? deliver(ctx) : verdict;
}

static __always_inline int handle_ipv6(ctx_t *ctx, const struct tunnel_end *sender)
{
	struct in6 source;

	if (!ctx_load(ctx, ETH_HLEN + __builtin_offsetof(struct ipv6hdr, saddr), &source, sizeof(source)))
		return drop(ctx, DROP_MALFORMED);
	return is_sender(find_peer6(&source), sender) ? deliver(ctx) : drop(ctx, DROP_OVERLAY_SOURCE);
}

/* Whoever can reach this node's VXLAN port can send: nothing comes in but from a node, with a source that is that node's. */
SEC("tc")
int balise_from_overlay(struct __sk_buff *ctx)
{
	const struct overlay_config *overlay = own_overlay();
	struct tunnel_end sender;

	if (!overlay || !read_tunnel(ctx, overlay, &sender))
		return drop(ctx, DROP_OVERLAY_NETWORK);
	if (ctx_protocol(ctx) == bpf_htons(ETH_P_IP))
		return handle_ipv4(ctx, &sender);
	if (ctx_protocol(ctx) == bpf_htons(ETH_P_IPV6))
		return handle_ipv6(ctx, &sender);
	return drop(ctx, DROP_OVERLAY_SOURCE); /* it has none that could be looked up */
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
