/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup sendmsg4: each datagram of an unconnected UDP socket to a frontend goes to a backend. */
#include "include/sock.h"

SEC("cgroup/sendmsg4")
int balise_sendmsg4(struct bpf_sock_addr *ctx)
{
	return sock4_forward(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
