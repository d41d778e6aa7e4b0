/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Services for sockets of this node, host and pods alike: the address is translated once, when a socket connects or sends, so no packet
 * to a frontend ever leaves the socket.
 */
#pragma once

#include <stdbool.h>
#include <linux/in.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include "drop.h"
#include "frontend.h"

typedef struct bpf_sock_addr sock_ctx_t;

enum sock_verdict {
	SOCK_REFUSE = 0, /* EPERM, unless sock_refuse() could say better */
	SOCK_ALLOW = 1,
};

#define ERRNO_CONNECTION_REFUSED 111 /* ECONNREFUSED; errno.h is not for BPF */

/* What a socket talks to. The hooks of IPv4 and IPv6 have it in different places of their context. */
struct sock_end {
	__be32 address;
	__be16 port;
};

static __always_inline struct sock_end sock4_end(const sock_ctx_t *ctx)
{
	return (struct sock_end){ .address = ctx->user_ip4, .port = (__be16)ctx->user_port };
}

static __always_inline void sock4_set_end(sock_ctx_t *ctx, const struct sock_end *end)
{
	ctx->user_ip4 = end->address;
	ctx->user_port = end->port;
}

/* An IPv4 address as IPv6 sockets know it, ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2): Java and many others speak IPv4 that way. */
static __always_inline bool sock6_is_ipv4(const sock_ctx_t *ctx)
{
	return ctx->user_ip6[0] == 0 && ctx->user_ip6[1] == 0 && ctx->user_ip6[2] == bpf_htonl(0xffff);
}

static __always_inline struct sock_end sock6_end(const sock_ctx_t *ctx)
{
	return (struct sock_end){ .address = ctx->user_ip6[3], .port = (__be16)ctx->user_port };
}

static __always_inline void sock6_set_end(sock_ctx_t *ctx, const struct sock_end *end)
{
	ctx->user_ip6[3] = end->address;
	ctx->user_port = end->port;
}

/* What a client of a Service without backends gets from kube-proxy. Kernels before 5.18 know only EPERM. */
static __always_inline int sock_refuse(void)
{
	count(COUNTER_SOCK_NO_BACKEND, 0);
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_set_retval))
		bpf_set_retval(-ERRNO_CONNECTION_REFUSED);
	return SOCK_REFUSE;
}

/* Network namespace of the node itself, of whose loopback addresses node ports are; 0: unknown, then they are nobody's. */
volatile const __u64 host_netns_cookie = 0;

/* 127.0.0.0/8, and 0.0.0.0, which connects to this host as well. */
static __always_inline bool is_loopback(__be32 address)
{
	return address == 0 || (address & bpf_htonl(0xff000000)) == bpf_htonl(0x7f000000);
}

static __always_inline bool is_of_host(sock_ctx_t *ctx)
{
	return host_netns_cookie != 0 && bpf_get_netns_cookie(ctx) == host_netns_cookie;
}

/* What a socket talks to, as the map of frontends has it. */
struct sock_where {
	__be32 address;
	__be16 port;
	__u8 proto;
	__u8 scope; /* enum lb_scope */
};

/*
 * Node ports of all loopback addresses are one frontend, at 0.0.0.0; a pod's loopback is its own business. Clients on this node see all
 * backends, where a Local policy gives those outside fewer.
 */
static __always_inline struct lb_service *sock_frontend(sock_ctx_t *ctx, const struct sock_end *end, struct sock_where *where)
{
	struct lb_service *head;

	where->address = end->address;
	where->port = end->port;
	where->scope = LB_SCOPE_EXTERNAL;
	if (is_loopback(end->address)) {
		if (!is_of_host(ctx))
			return NULL;
		where->address = 0;
	}
	head = find_frontend(where->address, where->port, where->proto, where->scope, 0);
	if (!head || !(head->flags & LB_TWO_SCOPES))
		return head;
	where->scope = LB_SCOPE_INTERNAL;
	return find_frontend(where->address, where->port, where->proto, where->scope, 0);
}

/* Random for a connection; for UDP by the socket, so that one that sends without connecting keeps its backend. */
static __always_inline __u16 sock_slot(sock_ctx_t *ctx, __u8 proto, __u16 count)
{
	__u32 number = proto == IPPROTO_UDP ? (__u32)bpf_get_socket_cookie(ctx) : bpf_get_prandom_u32();

	return number % count + 1;
}

static __always_inline struct lb4_backend *sock_backend(sock_ctx_t *ctx, const struct sock_where *where,
							const struct lb_service *head)
{
	struct lb_service *slot;
	__u16 count = head->count;

	if (count == 0)
		return NULL;
	slot = find_frontend(where->address, where->port, where->proto, where->scope, sock_slot(ctx, where->proto, count));
	return slot ? find_backend(slot->backend_or_affinity) : NULL;
}

static __always_inline void sock_remember(sock_ctx_t *ctx, const struct sock_end *end, const struct lb4_backend *backend,
					  __u32 frontend_id)
{
	struct sock4_reverse *existing;
	struct sock4_reverse_key key;
	struct sock4_reverse frontend;

	__builtin_memset(&key, 0, sizeof(key));
	key.cookie = bpf_get_socket_cookie(ctx);
	key.address = backend->address;
	key.port = backend->port;
	existing = bpf_map_lookup_elem(&sock4_reverse, &key);
	if (existing && existing->address == end->address && existing->port == end->port && existing->frontend_id == frontend_id)
		return; /* one that sends without connecting comes here with every datagram */
	__builtin_memset(&frontend, 0, sizeof(frontend));
	frontend.address = end->address;
	frontend.port = end->port;
	frontend.frontend_id = frontend_id;
	bpf_map_update_elem(&sock4_reverse, &key, &frontend, BPF_ANY);
}

enum sock_result {
	SOCK_UNTOUCHED,
	SOCK_CHANGED, /* `end` is another */
	SOCK_NO_BACKEND,
};

/* Frontend to backend, for connect and sendmsg. */
static __always_inline enum sock_result sock_translate(sock_ctx_t *ctx, struct sock_end *end)
{
	struct sock_where where = { .proto = ctx->protocol };
	struct lb_service *head;
	struct lb4_backend *backend;

	if (where.proto != IPPROTO_TCP && where.proto != IPPROTO_UDP)
		return SOCK_UNTOUCHED;
	head = sock_frontend(ctx, end, &where);
	if (!head)
		return SOCK_UNTOUCHED;
	backend = sock_backend(ctx, &where, head);
	if (!backend)
		return SOCK_NO_BACKEND;
	sock_remember(ctx, end, backend, head->frontend_id);
	end->address = backend->address;
	end->port = backend->port;
	count(COUNTER_SOCK_TRANSLATED, 0);
	return SOCK_CHANGED;
}

/* That frontend is still there, and still at that address; one at 0.0.0.0 is at all loopback addresses. */
static __always_inline bool sock_is_current(const struct sock4_reverse *frontend)
{
	__u32 frontend_id = frontend->frontend_id;
	const struct lb4_reverse_nat *current = bpf_map_lookup_elem(&lb4_reverse_nat, &frontend_id);

	return current && current->port == frontend->port &&
	       (current->address == frontend->address || (current->address == 0 && is_loopback(frontend->address)));
}

/* Backend to frontend, for recvmsg and getpeername: the caller sees whom it has called, as long as that frontend is there. */
static __always_inline enum sock_result sock_restore(sock_ctx_t *ctx, struct sock_end *end)
{
	struct sock4_reverse_key key;
	struct sock4_reverse *frontend;

	__builtin_memset(&key, 0, sizeof(key));
	key.cookie = bpf_get_socket_cookie(ctx);
	key.address = end->address;
	key.port = end->port;
	frontend = bpf_map_lookup_elem(&sock4_reverse, &key);
	if (!frontend)
		return SOCK_UNTOUCHED;
	if (!sock_is_current(frontend)) {
		bpf_map_delete_elem(&sock4_reverse, &key);
		return SOCK_UNTOUCHED;
	}
	end->address = frontend->address;
	end->port = frontend->port;
	return SOCK_CHANGED;
}

static __always_inline int sock4_forward(sock_ctx_t *ctx)
{
	struct sock_end end = sock4_end(ctx);
	enum sock_result result = sock_translate(ctx, &end);

	if (result == SOCK_NO_BACKEND)
		return sock_refuse();
	if (result == SOCK_CHANGED)
		sock4_set_end(ctx, &end);
	return SOCK_ALLOW;
}

static __always_inline int sock4_reverse_name(sock_ctx_t *ctx)
{
	struct sock_end end = sock4_end(ctx);

	if (sock_restore(ctx, &end) == SOCK_CHANGED)
		sock4_set_end(ctx, &end);
	return SOCK_ALLOW;
}

static __always_inline int sock6_forward(sock_ctx_t *ctx)
{
	struct sock_end end = sock6_end(ctx);
	enum sock_result result = sock6_is_ipv4(ctx) ? sock_translate(ctx, &end) : SOCK_UNTOUCHED;

	if (result == SOCK_NO_BACKEND)
		return sock_refuse();
	if (result == SOCK_CHANGED)
		sock6_set_end(ctx, &end);
	return SOCK_ALLOW;
}

static __always_inline int sock6_reverse_name(sock_ctx_t *ctx)
{
	struct sock_end end = sock6_end(ctx);

	if (sock6_is_ipv4(ctx) && sock_restore(ctx, &end) == SOCK_CHANGED)
		sock6_set_end(ctx, &end);
	return SOCK_ALLOW;
}
