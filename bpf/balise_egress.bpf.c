/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* tc egress of a LAN device: replies of backends on this node get the frontend's address back. */
#include "include/related.h"
#include "include/reply.h"

SEC("tc")
int balise_egress(struct __sk_buff *ctx)
{
	struct packet4 packet;
	int verdict = LB_CONTINUE;

	if (ctx_protocol(ctx) != bpf_htons(ETH_P_IP))
		return VERDICT_PASS;
	switch (parse_ipv4(ctx, &packet)) {
	case PARSE_OK:
		verdict = reply_leaves(ctx, &packet);
		break;
	case PARSE_OTHER:
		verdict = error_leaves(ctx, &packet);
		break;
	case PARSE_LATER_FRAGMENT:
	case PARSE_MALFORMED:
	case PARSE_TOO_SHORT:
		break;
	}
	return verdict == LB_CONTINUE ? VERDICT_PASS : verdict;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
