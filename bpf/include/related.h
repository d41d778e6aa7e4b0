/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * ICMP errors about packets of a flow. They quote a packet as it was on the wire, and are of use to its sender only if the quotation is
 * what he sent: without them, a client or backend behind a narrow link never learns to send less (RFC 1191).
 */
#pragma once

#include "frontend.h"
#include "icmp.h"
#include "reply.h"
#include "route.h"

/* The beginning of the packet that an ICMP error quotes. */
struct quoted4 {
	struct tuple4 tuple;
	__u32 l3_offset;
	__u32 l4_offset;
	__u8 proto;
};

static __always_inline bool is_error(__u8 type)
{
	return type == ICMP_DEST_UNREACHABLE || type == ICMP_TIME_EXCEEDED || type == ICMP_PARAMETER_PROBLEM;
}

/* False for what is no ICMP error about a TCP or UDP packet. */
static __always_inline bool parse_error(ctx_t *ctx, const struct packet4 *packet, struct quoted4 *quoted)
{
	__be16 ports[2];
	struct icmp icmp;
	struct iphdr ip;

	if (packet->proto != IPPROTO_ICMP || is_fragment(packet))
		return false;
	if (!ctx_load(ctx, packet->l4_offset, &icmp, sizeof(icmp)) || !is_error(icmp.type))
		return false;
	quoted->l3_offset = packet->l4_offset + sizeof(icmp);
	if (!ctx_load(ctx, quoted->l3_offset, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	if ((ip.protocol != IPPROTO_TCP && ip.protocol != IPPROTO_UDP) || (bpf_ntohs(ip.frag_off) & IP_FRAGMENT_OFFSET))
		return false;
	quoted->l4_offset = quoted->l3_offset + ip.ihl * 4;
	if (quoted->l4_offset + sizeof(ports) > packet->l4_offset + packet->l4_length ||
	    !ctx_load(ctx, quoted->l4_offset, ports, sizeof(ports)))
		return false;
	quoted->proto = ip.protocol;
	quoted->tuple = (struct tuple4){ .saddr = ip.saddr, .daddr = ip.daddr, .sport = ports[0], .dport = ports[1] };
	return true;
}

/* The key of packets that go the other way than the quoted one. */
static __always_inline struct ct4_key opposite_key(const struct quoted4 *quoted, enum ct_direction direction)
{
	struct ct4_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.saddr = quoted->tuple.daddr;
	key.daddr = quoted->tuple.saddr;
	key.sport = quoted->tuple.dport;
	key.dport = quoted->tuple.sport;
	key.proto = quoted->proto;
	key.direction = direction;
	return key;
}

/*
 * The quotation gets other addresses and ports. The sum of its IP header stays the same, address and checksum outweigh each other, so
 * the ICMP checksum changes by the ports alone. The quoted TCP or UDP checksum is left as it is: nobody can check it, as the rest of the
 * packet is not there.
 */
static __always_inline bool rewrite_quoted(ctx_t *ctx, const struct packet4 *packet, const struct quoted4 *quoted,
					   const struct tuple4 *to)
{
	__be32 from_addresses[2] = { quoted->tuple.saddr, quoted->tuple.daddr };
	__be32 to_addresses[2] = { to->saddr, to->daddr };
	union {
		__be16 each[2];
		__u32 both;
	} from = { .each = { quoted->tuple.sport, quoted->tuple.dport } }, ports = { .each = { to->sport, to->dport } };
	__s64 difference = bpf_csum_diff(from_addresses, sizeof(from_addresses), to_addresses, sizeof(to_addresses), 0);

	return bpf_l3_csum_replace(ctx, quoted->l3_offset + __builtin_offsetof(struct iphdr, check), 0, difference, 0) == 0 &&
	       ctx_store(ctx, quoted->l3_offset + __builtin_offsetof(struct iphdr, saddr), to_addresses, sizeof(to_addresses)) &&
	       bpf_l4_csum_replace(ctx, packet->l4_offset + __builtin_offsetof(struct icmp, checksum), from.both, ports.both,
				   sizeof(ports)) == 0 &&
	       ctx_store(ctx, quoted->l4_offset, &ports, sizeof(ports));
}

static __always_inline bool rewrite_outer(ctx_t *ctx, const struct packet4 *packet, const struct tuple4 *to)
{
	__be32 from_addresses[2] = { packet->saddr, packet->daddr };
	__be32 to_addresses[2] = { to->saddr, to->daddr };

	return rewrite_addresses(ctx, to,
				 bpf_csum_diff(from_addresses, sizeof(from_addresses), to_addresses, sizeof(to_addresses), 0));
}

/* What an error about a packet to a backend becomes for the client. False when the frontend is no more. */
static __always_inline bool error_for_client(const struct packet4 *packet, const struct quoted4 *quoted,
					     const struct ct_entry *entry, struct tuple4 *outer, struct tuple4 *inner)
{
	__u32 frontend_id = entry->frontend_id;
	const struct lb4_reverse_nat *frontend = bpf_map_lookup_elem(&lb4_reverse_nat, &frontend_id);

	if (!frontend)
		return false;
	*inner = (struct tuple4){
		.saddr = ct_address(entry), .daddr = frontend->address, .sport = entry->nat_port, .dport = frontend->port
	};
	/* The backend itself speaks in the frontend's name; a router on the way in its own. */
	outer->saddr = packet->saddr == quoted->tuple.daddr ? frontend->address : packet->saddr;
	outer->daddr = ct_address(entry);
	outer->sport = outer->dport = 0;
	return true;
}

/* What an error about a reply becomes for the backend. */
static __always_inline bool error_for_backend(const struct packet4 *packet, const struct quoted4 *quoted, struct tuple4 *outer,
					      struct tuple4 *inner, bool *is_local)
{
	struct ct4_key key = opposite_key(quoted, CT_FORWARD);
	const struct ct_entry *entry = bpf_map_lookup_elem(&ct4, &key);
	const struct lb4_backend *backend;

	if (!entry)
		return false;
	backend = find_backend(entry->backend_id);
	if (!backend)
		return false;
	*inner = (struct tuple4){
		.saddr = backend->address, .daddr = quoted->tuple.daddr, .sport = backend->port, .dport = quoted->tuple.dport
	};
	if (ct_address(entry)) {
		inner->daddr = ct_address(entry);
		inner->dport = entry->nat_port;
	}
	*outer = (struct tuple4){ .saddr = packet->saddr, .daddr = backend->address };
	/* Nodes take nothing from the overlay that is not from who sends it: there this node speaks itself. */
	if (is_destination(find_peer4(backend->address)))
		outer->saddr = inner->daddr;
	*is_local = backend->flags & BACKEND_LOCAL;
	return true;
}

static __always_inline int send_error_on(ctx_t *ctx, const struct packet4 *packet, const struct quoted4 *quoted,
					 const struct tuple4 *outer, const struct tuple4 *inner, bool is_local)
{
	struct bpf_fib_lookup fib;
	long result = BPF_FIB_LKUP_RET_SUCCESS;

	if (!is_local) {
		if (packet->ttl <= 1)
			return drop(ctx, DROP_TTL);
		result = find_route(ctx, packet, outer, wire_length(ctx, packet), &fib);
		if (result != BPF_FIB_LKUP_RET_SUCCESS && result != BPF_FIB_LKUP_RET_NO_NEIGH)
			return drop(ctx, DROP_NO_ROUTE);
	}
	if (!rewrite_quoted(ctx, packet, quoted, inner) || !rewrite_outer(ctx, packet, outer))
		return drop(ctx, DROP_WRITE_FAILED);
	count(COUNTER_ICMP_TRANSLATED, ctx_length(ctx));
	if (is_local)
		return VERDICT_PASS;
	if (!set_ttl(ctx, packet, packet->ttl - 1))
		return drop(ctx, DROP_WRITE_FAILED);
	return send_on(ctx, result, &fib);
}

/* At ingress. LB_CONTINUE: no ICMP error, or about no flow. */
static __always_inline int error_arrives(ctx_t *ctx, const struct packet4 *packet)
{
	struct tuple4 outer, inner;
	struct quoted4 quoted;
	struct ct4_key key;
	const struct ct_entry *entry;
	bool is_local = false;

	if (!parse_error(ctx, packet, &quoted))
		return LB_CONTINUE;
	key = opposite_key(&quoted, CT_REPLY);
	entry = bpf_map_lookup_elem(&ct4, &key);
	if (entry && (entry->flags & CT_SNAT)) {
		if (!error_for_client(packet, &quoted, entry, &outer, &inner))
			return LB_CONTINUE;
	} else if (!error_for_backend(packet, &quoted, &outer, &inner, &is_local)) {
		return LB_CONTINUE;
	}
	return send_error_on(ctx, packet, &quoted, &outer, &inner, is_local);
}

/* At egress: of a backend on this node, or of this node about it. */
static __always_inline int error_leaves(ctx_t *ctx, const struct packet4 *packet)
{
	struct tuple4 outer, inner;
	struct quoted4 quoted;
	struct ct4_key key;
	const struct ct_entry *entry;

	if (!parse_error(ctx, packet, &quoted))
		return LB_CONTINUE;
	key = opposite_key(&quoted, CT_REPLY);
	entry = bpf_map_lookup_elem(&ct4, &key);
	if (!entry || (entry->flags & CT_SNAT) || !error_for_client(packet, &quoted, entry, &outer, &inner))
		return LB_CONTINUE;
	return send_error_on(ctx, packet, &quoted, &outer, &inner, true);
}
