/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* tc ingress of a LAN device: ARP for announced addresses, packets to frontends, replies of backends on other nodes. */
#include "include/echo.h"
#include "include/l2.h"
#include "include/lb.h"
#include "include/reject.h"
#include "include/related.h"
#include "include/reply.h"

/*
 * A packet that no frontend wants, for an address that this node announces. It is not the stack's business, which would send it back
 * out to whom it thinks has the address, unless the node itself owns the address as well.
 */
static __always_inline int refuse(ctx_t *ctx, const struct packet4 *packet, enum parse_result parsed)
{
	if (!find_announced(packet->daddr, ctx_ifindex(ctx)) || is_own_address(ctx, packet))
		return VERDICT_PASS;
	if (is_later_fragment(packet) || (is_fragment(packet) && packet->proto == IPPROTO_ICMP))
		return drop(ctx, DROP_FRAGMENT);
	if (parsed == PARSE_MALFORMED)
		return drop(ctx, DROP_MALFORMED);
	if (is_echo_request(ctx, packet))
		return answer_echo(ctx, packet);
	return reject(ctx, packet, DROP_NO_SERVICE);
}

static __always_inline int handle_ipv4(ctx_t *ctx)
{
	struct packet4 packet;
	enum parse_result parsed = parse_ipv4(ctx, &packet);
	int verdict;

	if (parsed == PARSE_TOO_SHORT)
		return VERDICT_PASS;
	if (parsed == PARSE_OK) {
		verdict = forward(ctx, &packet);
		if (verdict != LB_CONTINUE)
			return verdict;
		if (is_snat_source(packet.daddr)) {
			verdict = reply_to_client(ctx, &packet);
			return verdict == LB_CONTINUE ? VERDICT_PASS : verdict;
		}
	}
	if (parsed == PARSE_OTHER) {
		verdict = error_arrives(ctx, &packet);
		if (verdict != LB_CONTINUE)
			return verdict;
	}
	return refuse(ctx, &packet, parsed);
}

SEC("tc")
int balise_ingress(struct __sk_buff *ctx)
{
	if (ctx_has_vlan(ctx))
		return VERDICT_PASS;
	if (ctx_protocol(ctx) == bpf_htons(ETH_P_ARP))
		return answer_arp(ctx);
	if (ctx_protocol(ctx) == bpf_htons(ETH_P_IP))
		return handle_ipv4(ctx);
	return VERDICT_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
