/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup connect6: IPv4 through an IPv6 socket, to a frontend, goes to a backend. */
#include "include/sock.h"

SEC("cgroup/connect6")
int balise_connect6(struct bpf_sock_addr *ctx)
{
	return sock6_forward(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
