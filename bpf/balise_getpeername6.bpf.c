/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup getpeername6: of IPv4 through an IPv6 socket the peer is the frontend, not the backend. */
#include "include/sock.h"

SEC("cgroup/getpeername6")
int balise_getpeername6(struct bpf_sock_addr *ctx)
{
	return sock6_reverse_name(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
