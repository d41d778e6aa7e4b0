/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup getpeername4: the peer is the frontend, not the backend. */
#include "include/sock.h"

SEC("cgroup/getpeername4")
int balise_getpeername4(struct bpf_sock_addr *ctx)
{
	return sock4_reverse_name(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
