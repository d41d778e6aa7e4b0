/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup recvmsg6: IPv4 through an IPv6 socket, from a backend, comes from the frontend that it was sent to. */
#include "include/sock.h"

SEC("cgroup/recvmsg6")
int balise_recvmsg6(struct bpf_sock_addr *ctx)
{
	return sock6_reverse_name(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
