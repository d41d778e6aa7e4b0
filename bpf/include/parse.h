/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Reading the headers of an IPv4 packet over Ethernet (RFC 791, 9293, 768), with every length checked. */
#pragma once

#include <linux/in.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include "ctx_skb.h"
#include "drop.h"
#include "fragment.h"

#define L3_OFFSET ETH_HLEN

enum tcp_flags {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_ACK = 0x10,
};

enum parse_result {
	PARSE_OK, /* TCP or UDP, with ports: its own, or those of its first fragment */
	PARSE_OTHER, /* another protocol: addresses only */
	PARSE_LATER_FRAGMENT, /* addresses only: nobody knows its ports */
	PARSE_MALFORMED, /* addresses only */
	PARSE_TOO_SHORT, /* nothing */
};

static __always_inline enum parse_result parse_tcp(ctx_t *ctx, struct packet4 *packet, __u32 offset)
{
	struct tcphdr tcp;
	__u32 header_length;

	if (packet->l4_length < sizeof(tcp) || !ctx_load(ctx, offset, &tcp, sizeof(tcp)))
		return PARSE_MALFORMED;
	header_length = tcp.doff * 4;
	if (header_length < sizeof(tcp) || header_length > packet->l4_length)
		return PARSE_MALFORMED;
	packet->sport = tcp.source;
	packet->dport = tcp.dest;
	packet->tcp_flags = ((__u8 *)&tcp)[13];
	return PARSE_OK;
}

/* The length in the header of a first fragment, or of a packet with several segments in it, is not that of what is here. */
static __always_inline enum parse_result parse_udp(ctx_t *ctx, struct packet4 *packet, __u32 offset)
{
	bool is_whole = !is_fragment(packet) && !ctx_is_gso(ctx);
	struct udphdr udp;
	__u32 length;

	if (packet->l4_length < sizeof(udp) || !ctx_load(ctx, offset, &udp, sizeof(udp)))
		return PARSE_MALFORMED;
	length = bpf_ntohs(udp.len);
	if (is_whole && (length < sizeof(udp) || length > packet->l4_length))
		return PARSE_MALFORMED;
	packet->sport = udp.source;
	packet->dport = udp.dest;
	return PARSE_OK;
}

static __always_inline enum parse_result parse_l4(ctx_t *ctx, struct packet4 *packet, __u32 offset)
{
	if (packet->proto == IPPROTO_TCP)
		return parse_tcp(ctx, packet, offset);
	if (packet->proto == IPPROTO_UDP)
		return parse_udp(ctx, packet, offset);
	return PARSE_OTHER;
}

static __always_inline enum parse_result parse_ipv4(ctx_t *ctx, struct packet4 *packet)
{
	struct iphdr ip;
	__u32 header_length, total_length;

	__builtin_memset(packet, 0, sizeof(*packet));
	if (!ctx_load(ctx, L3_OFFSET, &ip, sizeof(ip)))
		return PARSE_TOO_SHORT;
	packet->saddr = ip.saddr;
	packet->daddr = ip.daddr;
	packet->proto = ip.protocol;
	packet->ttl = ip.ttl;
	packet->tos = ip.tos;

	header_length = ip.ihl * 4;
	total_length = bpf_ntohs(ip.tot_len);
	if (total_length == 0 && ctx_is_gso(ctx)) /* BIG TCP: longer than the field can say */
		total_length = ctx_length(ctx) - L3_OFFSET;
	if (ip.version != 4 || header_length < sizeof(ip) || total_length < header_length ||
	    total_length > ctx_length(ctx) - L3_OFFSET)
		return PARSE_MALFORMED;
	packet->l4_offset = L3_OFFSET + header_length;
	packet->l4_length = total_length - header_length;

	packet->id = ip.id;
	packet->fragment = bpf_ntohs(ip.frag_off);
	if (is_later_fragment(packet))
		return recall_fragment(packet) ? PARSE_OK : PARSE_LATER_FRAGMENT;
	if (header_length == sizeof(ip)) /* without options, as nearly all are: the offset is a constant */
		return parse_l4(ctx, packet, L3_OFFSET + sizeof(ip));
	return parse_l4(ctx, packet, packet->l4_offset);
}

/* A TCP segment that opens a connection. */
static __always_inline bool opens(const struct packet4 *packet)
{
	return packet->proto == IPPROTO_TCP && (packet->tcp_flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) == TCP_SYN;
}
