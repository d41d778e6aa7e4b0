/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Services for sockets of this node, host and pods alike: the address is translated once, when a socket connects or sends, so no packet
 * to a frontend ever leaves the socket.
 */
#pragma once

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

static __always_inline __be16 sock_port(const sock_ctx_t *ctx)
{
	return (__be16)ctx->user_port;
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
static __always_inline struct lb_service *sock_frontend(const sock_ctx_t *ctx, __u8 *scope)
{
	struct lb_service *head = find_frontend(ctx->user_ip4, sock_port(ctx), ctx->protocol, LB_SCOPE_EXTERNAL, 0);

	*scope = LB_SCOPE_EXTERNAL;
	if (!head || !(head->flags & LB_TWO_SCOPES))
		return head;
	*scope = LB_SCOPE_INTERNAL;
	return find_frontend(ctx->user_ip4, sock_port(ctx), ctx->protocol, LB_SCOPE_INTERNAL, 0);
}

/* Random for a connection; for UDP by the socket, so that one that sends without connecting keeps its backend. */
static __always_inline __u16 sock_slot(sock_ctx_t *ctx, __u16 count)
{
	__u32 number = ctx->protocol == IPPROTO_UDP ? (__u32)bpf_get_socket_cookie(ctx) : bpf_get_prandom_u32();

	return number % count + 1;
}

static __always_inline struct lb4_backend *sock_backend(sock_ctx_t *ctx, const struct lb_service *head, __u8 scope)
{
	struct lb_service *slot;
	__u16 count = head->count;

	if (count == 0)
		return NULL;
	slot = find_frontend(ctx->user_ip4, sock_port(ctx), ctx->protocol, scope, sock_slot(ctx, count));
	return slot ? find_backend(slot->backend_or_affinity) : NULL;
}

static __always_inline void sock_remember(sock_ctx_t *ctx, const struct lb4_backend *backend, __u32 frontend_id)
{
	struct sock4_reverse_key key;
	struct sock4_reverse frontend;

	__builtin_memset(&key, 0, sizeof(key));
	key.cookie = bpf_get_socket_cookie(ctx);
	key.address = backend->address;
	key.port = backend->port;
	__builtin_memset(&frontend, 0, sizeof(frontend));
	frontend.address = ctx->user_ip4;
	frontend.port = sock_port(ctx);
	frontend.frontend_id = frontend_id;
	bpf_map_update_elem(&sock4_reverse, &key, &frontend, BPF_ANY);
}

/* Frontend to backend, for connect and sendmsg. */
static __always_inline int sock_translate(sock_ctx_t *ctx)
{
	struct lb_service *head;
	struct lb4_backend *backend;
	__u8 scope;

	if (ctx->protocol != IPPROTO_TCP && ctx->protocol != IPPROTO_UDP)
		return SOCK_ALLOW;
	head = sock_frontend(ctx, &scope);
	if (!head)
		return SOCK_ALLOW;
	backend = sock_backend(ctx, head, scope);
	if (!backend)
		return sock_refuse();
	sock_remember(ctx, backend, head->frontend_id);
	ctx->user_ip4 = backend->address;
	ctx->user_port = backend->port;
	count(COUNTER_SOCK_TRANSLATED, 0);
	return SOCK_ALLOW;
}

/* Backend to frontend, for recvmsg and getpeername: the caller sees whom it has called, as long as that frontend is there. */
static __always_inline int sock_restore(sock_ctx_t *ctx)
{
	struct sock4_reverse_key key;
	struct sock4_reverse *frontend;
	struct lb4_reverse_nat *current;
	__u32 frontend_id;

	__builtin_memset(&key, 0, sizeof(key));
	key.cookie = bpf_get_socket_cookie(ctx);
	key.address = ctx->user_ip4;
	key.port = sock_port(ctx);
	frontend = bpf_map_lookup_elem(&sock4_reverse, &key);
	if (!frontend)
		return SOCK_ALLOW;
	frontend_id = frontend->frontend_id;
	current = bpf_map_lookup_elem(&lb4_reverse_nat, &frontend_id);
	if (!current || current->address != frontend->address || current->port != frontend->port) {
		bpf_map_delete_elem(&sock4_reverse, &key);
		return SOCK_ALLOW;
	}
	ctx->user_ip4 = frontend->address;
	ctx->user_port = frontend->port;
	return SOCK_ALLOW;
}
