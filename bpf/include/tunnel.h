/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* What a VXLAN device that has no peers of its own (collect metadata) is told of a packet, and tells of one. */
#pragma once

#include <bpf/bpf_core_read.h>
#include "overlay.h"
#include "verdict.h"

#define OUTER_TTL 64

/* Linux 6.0 has the member; before, the kernel chooses the source by its routes. */
struct bpf_tunnel_key___with_source {
	__u32 local_ipv4;
} __attribute__((preserve_access_index));

#define TUNNEL_KEY_WITHOUT_SOURCE __builtin_offsetof(struct bpf_tunnel_key, local_ipv4)

/* An end of the tunnel. IPv4 addresses are in the first four octets. */
struct tunnel_end {
	struct in6 address;
	enum overlay_family family;
};

/* Values of a trie are aligned to four octets, no more. */
typedef __u32 __attribute__((may_alias)) address_word;

static __always_inline bool same_address(const struct in6 *a, const struct in6 *b)
{
	const address_word *left = (const address_word *)a, *right = (const address_word *)b;

	return ((left[0] ^ right[0]) | (left[1] ^ right[1]) | (left[2] ^ right[2]) | (left[3] ^ right[3])) == 0;
}

static __always_inline __u32 first_word(const struct in6 *address)
{
	__be32 word;

	__builtin_memcpy(&word, address, sizeof(word));
	return bpf_ntohl(word);
}

/*
 * Without don't-fragment on the outside: once the device has the packet nobody can tell its sender any more that a link is too narrow, so it
 * must get through. What is too big for the device itself never comes here: the stack and route_on() have told the sender.
 * A sum over an IPv4 envelope would guard nothing that the sums inside do not; IPv6 wants one (RFC 8200 section 8.1).
 */
static __always_inline bool set_tunnel(ctx_t *ctx, const struct overlay_config *overlay, const struct overlay_peer *peer)
{
	struct bpf_tunnel_key key;
	bool is_ipv6 = peer->family == OVERLAY_IPV6;
	__u64 flags = is_ipv6 ? BPF_F_TUNINFO_IPV6 : BPF_F_ZERO_CSUM_TX;

	__builtin_memset(&key, 0, sizeof(key));
	key.tunnel_id = overlay->network_id;
	key.tunnel_ttl = OUTER_TTL;
	if (is_ipv6) {
		__builtin_memcpy(key.remote_ipv6, &peer->address, sizeof(key.remote_ipv6));
		__builtin_memcpy(key.local_ipv6, &overlay->node_address6, sizeof(key.local_ipv6));
	} else {
		key.remote_ipv4 = first_word(&peer->address);
		key.local_ipv4 = bpf_ntohl(overlay->node_address4);
	}
	if (bpf_core_field_exists(struct bpf_tunnel_key___with_source, local_ipv4))
		return bpf_skb_set_tunnel_key(ctx, &key, sizeof(key), flags) == 0;
	return bpf_skb_set_tunnel_key(ctx, &key, TUNNEL_KEY_WITHOUT_SOURCE, flags) == 0;
}

/* False for what did not come through a tunnel, or not with this network's number. */
static __always_inline bool read_tunnel(ctx_t *ctx, const struct overlay_config *overlay, struct tunnel_end *sender)
{
	struct bpf_tunnel_key key;
	__be32 address;

	__builtin_memset(sender, 0, sizeof(*sender));
	if (bpf_skb_get_tunnel_key(ctx, &key, TUNNEL_KEY_WITHOUT_SOURCE, 0) == 0) {
		address = bpf_htonl(key.remote_ipv4);
		__builtin_memcpy(&sender->address, &address, sizeof(address));
		sender->family = OVERLAY_IPV4;
	} else if (bpf_skb_get_tunnel_key(ctx, &key, TUNNEL_KEY_WITHOUT_SOURCE, BPF_F_TUNINFO_IPV6) == 0) {
		__builtin_memcpy(&sender->address, key.remote_ipv6, sizeof(sender->address));
		sender->family = OVERLAY_IPV6;
	} else {
		return false;
	}
	return key.tunnel_id == overlay->network_id;
}

static __always_inline bool is_sender(const struct overlay_peer *peer, const struct tunnel_end *sender)
{
	return peer && peer->family == sender->family && same_address(&peer->address, &sender->address);
}
