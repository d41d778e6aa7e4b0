/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Which nodes are reached through the overlay, and where this node's end of it is. */
#pragma once

#include <stdbool.h>
#include "maps.h"

/* All zero where there is no overlay. */
static __always_inline const struct overlay_config *own_overlay(void)
{
	const __u32 zero = 0;

	return bpf_map_lookup_elem(&overlay_config, &zero);
}

/* The node that an address belongs to: one of its pods, or itself. */
static __always_inline const struct overlay_peer *find_peer4(__be32 address)
{
	struct overlay4_key key = { .prefixlen = 8 * sizeof(address), .address = address };

	return bpf_map_lookup_elem(&overlay4, &key);
}

static __always_inline const struct overlay_peer *find_peer6(const struct in6 *address)
{
	struct overlay6_key key = { .prefixlen = 8 * sizeof(*address), .address = *address };

	return bpf_map_lookup_elem(&overlay6, &key);
}

static __always_inline bool is_destination(const struct overlay_peer *peer)
{
	return peer && peer->flags & OVERLAY_DESTINATION;
}

/*
 * What a backend on another node sees as source. Through the overlay it is the address that this node has there, so that the replies take
 * the same way back; to them the node's own address would be a matter of the network between the nodes. 0: there is none.
 */
static __always_inline __be32 snat_source(const struct agent_config *config, __be32 backend)
{
	const struct overlay_config *overlay = own_overlay();

	return overlay && overlay->address4 && is_destination(find_peer4(backend)) ? overlay->address4 : config->node_address4;
}

/* Whether replies may be for it, whichever way backends were reached when the flow began. */
static __always_inline bool is_snat_source(__be32 address)
{
	const __u32 zero = 0;
	const struct agent_config *config = bpf_map_lookup_elem(&agent_config, &zero);
	const struct overlay_config *overlay = own_overlay();

	return address && ((config && config->node_address4 == address) || (overlay && overlay->address4 == address));
}
