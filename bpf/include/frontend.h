/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* Frontends, slots, backends. */
#pragma once

#include "maps.h"

/* Its key and value stay on the caller's stack: the head is read once, so that a packet sees one count and one set of flags. */
static __always_inline struct lb_service *find_frontend(__be32 address, __be16 port, __u8 proto, __u8 scope, __u16 slot)
{
	struct lb4_key key;

	__builtin_memset(&key, 0, sizeof(key));
	key.address = address;
	key.port = port;
	key.proto = proto;
	key.scope = scope;
	key.slot = slot;
	return bpf_map_lookup_elem(&lb4_services, &key);
}

static __always_inline struct lb4_backend *find_backend(__u32 id)
{
	return bpf_map_lookup_elem(&lb4_backends, &id);
}
