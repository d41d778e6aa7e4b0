/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* cgroup connect4: TCP and connected UDP to a frontend go to a backend. */
#include "include/sock.h"

SEC("cgroup/connect4")
int balise_connect4(struct bpf_sock_addr *ctx)
{
	return sock4_forward(ctx);
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
