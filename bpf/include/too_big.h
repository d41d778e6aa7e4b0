/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Telling a sender that the way ahead takes less than it sent (RFC 1191): ICMP "fragmentation needed", in the name of whom it sent to. Only
 * we can tell a client of a narrow link to the backend; the kernel does not see the packet.
 */
#pragma once

#include "reject.h"

#define ICMP_CODE_FRAGMENTATION_NEEDED 4

/* The whole of a TCP header without options: the device may still have a sum to fill in there. */
struct too_big_quote {
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct udphdr udp;
		__be32 words[sizeof(struct tcphdr) / 4];
	} l4;
};

/* The frame begins after `pad`, so that all that sums are made of is aligned. */
struct too_big_frame {
	__u16 pad;
	struct ethhdr eth;
	struct iphdr ip;
	struct icmp icmp;
	struct too_big_quote quote;
};

#define TOO_BIG_FRAME_OCTETS (sizeof(struct too_big_frame) - __builtin_offsetof(struct too_big_frame, eth))

_Static_assert(TOO_BIG_FRAME_OCTETS == 14 + 20 + 8 + 40, "the frame has octets that nobody wrote");

/* Octets that go over a link at a time, without Ethernet: of several segments in one, those of one. */
static __always_inline __u16 wire_length(ctx_t *ctx, const struct packet4 *packet)
{
	__u32 length = packet->l4_offset - L3_OFFSET + packet->l4_length;
	struct tcphdr tcp;

	if (!ctx_is_gso(ctx))
		return length;
	length = packet->l4_offset - L3_OFFSET + sizeof(struct udphdr) + ctx_segment_length(ctx);
	if (packet->proto == IPPROTO_TCP && ctx_load(ctx, packet->l4_offset, &tcp, sizeof(tcp)))
		length += tcp.doff * 4 - sizeof(struct udphdr);
	return length < 0xffff ? length : 0xffff;
}

/*
 * A checksum that stays the same when a device that believes it is still to be filled in fills it in: c = -(rest + c), so that c is half of
 * -rest, in one's complement arithmetic. No receiver looks at it, as it is of a packet that is not all there; the ICMP checksum covers it.
 */
static __always_inline __u16 settled_checksum(__u16 rest)
{
	__u32 negative = 0xffff - rest;

	return (negative & 1 ? negative + 0xffff : negative) / 2;
}

static __always_inline void settle_quote(const struct packet4 *packet, struct too_big_quote *quote)
{
	__u16 rest;

	if (packet->proto == IPPROTO_TCP)
		quote->l4.tcp.check = 0;
	else
		quote->l4.udp.check = 0;
	rest = ~fold(bpf_csum_diff(NULL, 0, quote->l4.words, sizeof(quote->l4.words), 0));
	if (packet->proto == IPPROTO_TCP)
		quote->l4.tcp.check = settled_checksum(rest);
	else
		quote->l4.udp.check = settled_checksum(rest);
}

static __always_inline void swap_frame_macs(struct ethhdr *eth)
{
	__u8 mac[ETH_ALEN];

	__builtin_memcpy(mac, eth->h_dest, ETH_ALEN);
	__builtin_memcpy(eth->h_dest, eth->h_source, ETH_ALEN);
	__builtin_memcpy(eth->h_source, mac, ETH_ALEN);
}

/* The packet is cut to what is quoted and gets the error before it, so that whatever is still to be filled in stays where it was. */
static __always_inline bool turn_into_too_big(ctx_t *ctx, const struct packet4 *packet, __u16 mtu)
{
	const __u32 grown = sizeof(struct iphdr) + sizeof(struct icmp);
	struct too_big_frame frame;

	__builtin_memset(&frame, 0, sizeof(frame));
	if (!ctx_load(ctx, 0, &frame.eth, sizeof(frame.eth)) || !ctx_load(ctx, L3_OFFSET, &frame.quote, sizeof(frame.quote)))
		return false;
	swap_frame_macs(&frame.eth);
	settle_quote(packet, &frame.quote);
	frame.ip.version = 4;
	frame.ip.ihl = 5;
	frame.ip.tot_len = bpf_htons(grown + sizeof(frame.quote));
	frame.ip.ttl = ANSWER_TTL;
	frame.ip.protocol = IPPROTO_ICMP;
	frame.ip.saddr = packet->daddr;
	frame.ip.daddr = packet->saddr;
	frame.ip.check = fold(bpf_csum_diff(NULL, 0, (__be32 *)&frame.ip, sizeof(frame.ip), 0));
	frame.icmp.type = ICMP_DEST_UNREACHABLE;
	frame.icmp.code = ICMP_CODE_FRAGMENTATION_NEEDED;
	frame.icmp.rest = bpf_htonl(mtu);
	frame.icmp.checksum = fold(bpf_csum_diff(NULL, 0, (__be32 *)&frame.icmp, sizeof(frame.icmp) + sizeof(frame.quote), 0));
	return bpf_skb_change_tail(ctx, ETH_HLEN + sizeof(frame.quote), 0) == 0 &&
	       bpf_skb_adjust_room(ctx, grown, BPF_ADJ_ROOM_MAC, 0) == 0 && ctx_store(ctx, 0, &frame.eth, TOO_BIG_FRAME_OCTETS);
}

/*
 * Drops the packet and says to its sender how much gets through: `mtu` octets. A function of its own for the verifier's sake, as track() is.
 */
__noinline int too_big(ctx_t *ctx, const struct packet4 *packet, __u16 mtu)
{
	if (!ctx || !packet)
		return VERDICT_DROP;
	count_drop(DROP_TOO_BIG, ctx_length(ctx));
	if (!is_answerable(ctx, packet) || !turn_into_too_big(ctx, packet, mtu))
		return VERDICT_DROP;
	count(COUNTER_ICMP_ERRORS_SENT, ctx_length(ctx));
	return ctx_redirect(ctx_ifindex(ctx));
}
