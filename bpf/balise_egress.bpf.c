/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* tc egress of a LAN device: replies of backends on this node get the frontend's address back. */
#include "include/reply.h"

SEC("tc")
int balise_egress(struct __sk_buff *ctx)
{
	struct packet4 packet;
	int verdict;

	if (ctx_protocol(ctx) != bpf_htons(ETH_P_IP) || parse_ipv4(ctx, &packet) != PARSE_OK)
		return VERDICT_PASS;
	verdict = reply_leaves(ctx, &packet);
	return verdict == LB_CONTINUE ? VERDICT_PASS : verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
