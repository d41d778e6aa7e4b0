/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Telling a client at once what it would learn by waiting: RST for TCP (RFC 9293 section 3.10.7.1), an ICMP error for UDP (RFC 1122
 * section 3.2.2.1), as a host does that has no such port.
 */
#pragma once

#include "answer_limit.h"
#include "ethernet.h"
#include "icmp.h"
#include "verdict.h"

#define ICMP_CODE_PORT_UNREACHABLE 3
#define ICMP_CODE_TTL_EXCEEDED 0
#define QUOTED_L4_OCTETS 8

/* What may be answered: one station, not all of them; a packet with ports, and without options that would steer the answer. */
static __always_inline bool is_answerable(ctx_t *ctx, const struct packet4 *packet)
{
	__u32 source = bpf_ntohl(packet->saddr);
	__u8 destination_mac;

	if (source >> 28 >= 14 || source >> 24 == 0 || source >> 24 == 127) /* multicast, broadcast, "this" network, loopback */
		return false;
	return packet->l4_offset == L3_OFFSET + sizeof(struct iphdr) && !is_later_fragment(packet) &&
	       ctx_load(ctx, 0, &destination_mac, 1) && !(destination_mac & 1);
}

/* What the answer is to be written over must be one packet, not several. */
static __always_inline bool may_answer(ctx_t *ctx, const struct packet4 *packet)
{
	return is_answerable(ctx, packet) && !ctx_is_gso(ctx);
}

/* How much of the sequence space a segment takes. */
static __always_inline __u32 sequence_length(const struct packet4 *packet, const struct tcphdr *tcp)
{
	return packet->l4_length - tcp->doff * 4 + tcp->syn + tcp->fin;
}

static __always_inline bool replace_word(ctx_t *ctx, const struct packet4 *packet, __u32 offset, __be32 from, __be32 to)
{
	__u32 check = packet->l4_offset + __builtin_offsetof(struct tcphdr, check);

	return bpf_l4_csum_replace(ctx, check, from, to, sizeof(to)) == 0 &&
	       ctx_store(ctx, packet->l4_offset + offset, &to, sizeof(to));
}

/*
 * The segment itself becomes its RST, at its own length: the sum stays right whoever completes it. Ports, like addresses, are only
 * swapped, which no sum notices.
 */
static __always_inline bool turn_into_reset(ctx_t *ctx, const struct packet4 *packet)
{
	__be16 ports[2] = { packet->dport, packet->sport };
	struct tcphdr tcp;
	__be32 sequence, acknowledgement, flags_from, flags_to;

	if (!ctx_load(ctx, packet->l4_offset, &tcp, sizeof(tcp)))
		return false;
	sequence = tcp.ack ? tcp.ack_seq : 0;
	acknowledgement = tcp.ack ? 0 : bpf_htonl(bpf_ntohl(tcp.seq) + sequence_length(packet, &tcp));
	__builtin_memcpy(&flags_from, (__u8 *)&tcp + 12, sizeof(flags_from)); /* length of the header, flags, window */
	flags_to = bpf_htonl((__u32)tcp.doff << 28 | (TCP_RST | (tcp.ack ? 0 : TCP_ACK)) << 16);
	return replace_word(ctx, packet, __builtin_offsetof(struct tcphdr, seq), tcp.seq, sequence) &&
	       replace_word(ctx, packet, __builtin_offsetof(struct tcphdr, ack_seq), tcp.ack_seq, acknowledgement) &&
	       replace_word(ctx, packet, 12, flags_from, flags_to) && ctx_store(ctx, packet->l4_offset, ports, sizeof(ports)) &&
	       swap_addresses(ctx, packet) && set_ttl(ctx, packet, ANSWER_TTL) && swap_macs(ctx);
}

struct icmp_error_frame {
	struct ethhdr eth;
	struct iphdr ip;
	struct icmp icmp;
	struct iphdr quoted;
	__u8 quoted_l4[QUOTED_L4_OCTETS];
} __attribute__((packed));

_Static_assert(sizeof(struct icmp_error_frame) % 4 == 2, "what comes after the Ethernet header is made of whole words");

static __always_inline __u16 fold(__s64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/*
 * Writes the error over the packet. Where the sum of the UDP datagram was still to be filled in, the device now fills in a field of the
 * ICMP header that has no meaning: with the sum right, it finds all ones, which changes no sum.
 */
static __always_inline bool turn_into_icmp_error(ctx_t *ctx, const struct packet4 *packet, __u8 type, __u8 code)
{
	struct icmp_error_frame error;
	const __u32 ip_length = sizeof(error.ip), icmp_length = sizeof(error) - sizeof(error.eth) - sizeof(error.ip);
	__u32 words[(sizeof(error) - sizeof(error.eth)) / 4];
	struct ethhdr eth;

	__builtin_memset(&error, 0, sizeof(error));
	if (!ctx_load(ctx, 0, &eth, sizeof(eth)) ||
	    !ctx_load(ctx, L3_OFFSET, &error.quoted, sizeof(error.quoted) + sizeof(error.quoted_l4)))
		return false;
	__builtin_memcpy(error.eth.h_dest, eth.h_source, ETH_ALEN);
	__builtin_memcpy(error.eth.h_source, eth.h_dest, ETH_ALEN);
	error.eth.h_proto = eth.h_proto;
	error.ip.version = 4;
	error.ip.ihl = 5;
	error.ip.tot_len = bpf_htons(ip_length + icmp_length);
	error.ip.ttl = ANSWER_TTL;
	error.ip.protocol = IPPROTO_ICMP;
	error.ip.saddr = packet->daddr;
	error.ip.daddr = packet->saddr;
	error.icmp.type = type;
	error.icmp.code = code;
	__builtin_memcpy(words, &error.ip, sizeof(words)); /* aligned, as the helper wants it */
	error.ip.check = fold(bpf_csum_diff(NULL, 0, words, ip_length, 0));
	error.icmp.checksum = fold(bpf_csum_diff(NULL, 0, words + ip_length / 4, icmp_length, 0));
	return bpf_skb_change_tail(ctx, sizeof(error), 0) == 0 && ctx_store(ctx, 0, &error, sizeof(error));
}

static __always_inline bool is_reset_fit(const struct packet4 *packet, enum drop_reason reason)
{
	return packet->proto == IPPROTO_TCP && reason != DROP_TTL && !is_fragment(packet) && !(packet->tcp_flags & TCP_RST);
}

static __always_inline bool is_worth_telling(enum drop_reason reason)
{
	return reason == DROP_TTL || reason == DROP_NO_SERVICE || reason == DROP_NO_BACKEND || reason == DROP_BACKEND_GONE;
}

/*
 * Drops the packet for `reason`, and tells its sender if that is worth telling, as long as not too many are told. A function of its own for
 * the verifier's sake, as track() is.
 */
__noinline int reject(ctx_t *ctx, const struct packet4 *packet, enum drop_reason reason)
{
	bool is_reset;

	if (!ctx || !packet)
		return VERDICT_DROP;
	is_reset = is_reset_fit(packet, reason);
	if (!is_worth_telling(reason) || !(is_reset || packet->proto == IPPROTO_UDP) || !may_answer(ctx, packet))
		return drop(ctx, reason);
	if (!may_answer_now(is_reset ? ANSWER_RESET : ANSWER_ICMP_ERROR))
		return drop(ctx, DROP_ANSWER_LIMIT);
	count_drop(reason, ctx_length(ctx));
	if (is_reset) {
		if (!turn_into_reset(ctx, packet))
			return VERDICT_DROP;
		count(COUNTER_RESETS_SENT, ctx_length(ctx));
		return ctx_redirect(ctx_ifindex(ctx));
	}
	if (!turn_into_icmp_error(ctx, packet, reason == DROP_TTL ? ICMP_TIME_EXCEEDED : ICMP_DEST_UNREACHABLE,
				  reason == DROP_TTL ? ICMP_CODE_TTL_EXCEEDED : ICMP_CODE_PORT_UNREACHABLE))
		return VERDICT_DROP;
	count(COUNTER_ICMP_ERRORS_SENT, ctx_length(ctx));
	return ctx_redirect(ctx_ifindex(ctx));
}
