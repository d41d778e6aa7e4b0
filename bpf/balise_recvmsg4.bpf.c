/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup recvmsg4: a datagram of a backend comes from the frontend that it was sent to. */
#include "include/sock.h"

SEC("cgroup/recvmsg4")
int balise_recvmsg4(struct bpf_sock_addr *ctx)
{
	return sock4_reverse_name(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
