// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/*
 * The two ends of the packet-rate measurement.
 *
 * generate: run through BPF_PROG_TEST_RUN with live frames in the client's namespace. The kernel recycles the frames without restoring
 * them, so every header octet that matters is written anew each time; the source port walks over `flows` values.
 * count: XDP on the backend's device: counts the datagrams for the measured port and drops them; everything else goes to the stack.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define SOURCE_PORT_MIN 20000

const volatile __u32 out_ifindex = 0;
const volatile __u32 flows = 256;
const volatile __be32 source_address = 0;
const volatile __be32 target_address = 0;
const volatile __be16 target_port = 0;
const volatile __be16 counted_port = 0;
const volatile __u8 source_mac[ETH_ALEN] = {};
const volatile __u8 target_mac[ETH_ALEN] = {};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u64);
} perf_counts SEC(".maps");

static __always_inline __u64 *count_of(__u32 index)
{
	return bpf_map_lookup_elem(&perf_counts, &index);
}

static __always_inline __u16 header_checksum(const struct iphdr *ip)
{
	const __u16 *words = (const __u16 *)ip;
	__u32 sum = 0;

#pragma unroll
	for (int i = 0; i < (int)sizeof(*ip) / 2; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("xdp")
int generate(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u64 *sent = count_of(0);

	if ((void *)(udp + 1) > end || !sent)
		return XDP_ABORTED;
	*sent += 1;

	for (int i = 0; i < ETH_ALEN; i++) {
		eth->h_source[i] = source_mac[i];
		eth->h_dest[i] = target_mac[i];
	}
	eth->h_proto = bpf_htons(ETH_P_IP);

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = 0;
	ip->tot_len = bpf_htons(end - (void *)ip);
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->saddr = source_address;
	ip->daddr = target_address;
	ip->check = 0;
	ip->check = header_checksum(ip);

	udp->source = bpf_htons(SOURCE_PORT_MIN + *sent % flows);
	udp->dest = target_port;
	udp->len = bpf_htons(end - (void *)udp);
	udp->check = 0;

	return bpf_redirect(out_ifindex, 0);
}

SEC("xdp")
int count(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct udphdr *udp = (void *)(ip + 1);
	__u64 *received;

	if ((void *)(udp + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP) || ip->protocol != IPPROTO_UDP ||
	    ip->ihl != 5 || udp->dest != counted_port)
		return XDP_PASS;
	received = count_of(1);
	if (received)
		*received += 1;
	return XDP_DROP;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
