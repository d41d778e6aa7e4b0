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

/* Clients on this node see all backends, where a Local policy gives those outside fewer. */
static __always_inline struct lb_service *sock_frontend(const struct sock_end *end, __u8 proto, __u8 *scope)
{
	struct lb_service *head = find_frontend(end->address, end->port, proto, LB_SCOPE_EXTERNAL, 0);

	*scope = LB_SCOPE_EXTERNAL;
	if (!head || !(head->flags & LB_TWO_SCOPES))
		return head;
	*scope = LB_SCOPE_INTERNAL;
	return find_frontend(end->address, end->port, proto, LB_SCOPE_INTERNAL, 0);
}

/* Random for a connection; for UDP by the socket, so that one that sends without connecting keeps its backend. */
static __always_inline __u16 sock_slot(sock_ctx_t *ctx, __u8 proto, __u16 count)
{
	__u32 number = proto == IPPROTO_UDP ? (__u32)bpf_get_socket_cookie(ctx) : bpf_get_prandom_u32();

	return number % count + 1;
}

static __always_inline struct lb4_backend *sock_backend(sock_ctx_t *ctx, const struct sock_end *end, __u8 proto,
							const struct lb_service *head, __u8 scope)
{
	struct lb_service *slot;
	__u16 count = head->count;

	if (count == 0)
		return NULL;
	slot = find_frontend(end->address, end->port, proto, scope, sock_slot(ctx, proto, count));
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
	__u8 proto = ctx->protocol, scope;
	struct lb_service *head;
	struct lb4_backend *backend;

	if (proto != IPPROTO_TCP && proto != IPPROTO_UDP)
		return SOCK_UNTOUCHED;
	head = sock_frontend(end, proto, &scope);
	if (!head)
		return SOCK_UNTOUCHED;
	backend = sock_backend(ctx, end, proto, head, scope);
	if (!backend)
		return SOCK_NO_BACKEND;
	sock_remember(ctx, end, backend, head->frontend_id);
	end->address = backend->address;
	end->port = backend->port;
	count(COUNTER_SOCK_TRANSLATED, 0);
	return SOCK_CHANGED;
}

/* Backend to frontend, for recvmsg and getpeername: the caller sees whom it has called, as long as that frontend is there. */
static __always_inline enum sock_result sock_restore(sock_ctx_t *ctx, struct sock_end *end)
{
	struct sock4_reverse_key key;
	struct sock4_reverse *frontend;
	struct lb4_reverse_nat *current;
	__u32 frontend_id;

	__builtin_memset(&key, 0, sizeof(key));
	key.cookie = bpf_get_socket_cookie(ctx);
	key.address = end->address;
	key.port = end->port;
	frontend = bpf_map_lookup_elem(&sock4_reverse, &key);
	if (!frontend)
		return SOCK_UNTOUCHED;
	frontend_id = frontend->frontend_id;
	current = bpf_map_lookup_elem(&lb4_reverse_nat, &frontend_id);
	if (!current || current->address != frontend->address || current->port != frontend->port) {
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
