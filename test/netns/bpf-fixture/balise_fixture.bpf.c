// SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause)
/* Small maps under the names of the real ones, and programs that only count: for the tests of src/io/bpf. */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#ifndef BACKENDS
#define BACKENDS 64
#endif
#ifndef BACKEND_OCTETS
#define BACKEND_OCTETS 16
#endif

struct services_key {
	__u8 octets[12];
};

struct services_value {
	__u8 octets[20];
};

struct backend {
	__u8 octets[BACKEND_OCTETS];
};

struct config {
	__u8 octets[40];
};

struct count {
	__u64 packets;
	__u64 bytes;
};

struct range {
	__u32 prefixlen;
	__u32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 20000);
	__type(key, struct services_key);
	__type(value, struct services_value);
} lb4_services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, BACKENDS);
	__type(key, __u32);
	__type(value, struct backend);
} lb4_backends SEC(".maps");

/* A trie, for the map types that answer otherwise than a hash does. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 4);
	__type(key, struct range);
	__type(value, __u64);
} lb4_reverse_nat SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct config);
} agent_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 11);
	__type(key, __u32);
	__type(value, struct count);
} counters SEC(".maps");

/* Which build this is: the counter that its packets go to. */
const volatile __u32 build = 0;
const volatile __u32 tc_verdict = (__u32)TC_ACT_UNSPEC;

/* Experimental (IEEE 802a): what the network stack sends by itself is not counted. */
#define ETH_P_TEST 0x88b5

static __always_inline void count(__u32 id, __u64 bytes)
{
	struct count *found = bpf_map_lookup_elem(&counters, &id);

	if (found) {
		found->packets++;
		found->bytes += bytes;
	}
}

SEC("tc")
int balise_ingress(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_TEST))
		count(build, skb->len);
	return (int)tc_verdict;
}

SEC("tc")
int balise_egress(struct __sk_buff *skb)
{
	if (skb->protocol == bpf_htons(ETH_P_TEST))
		count(8, skb->len);
	return TC_ACT_UNSPEC;
}

SEC("tc")
int balise_from_overlay(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int balise_to_overlay(struct __sk_buff *skb)
{
	return TC_ACT_UNSPEC;
}

SEC("cgroup/connect4")
int balise_connect4(struct bpf_sock_addr *ctx)
{
	count(9, 0);
	return 1;
}

SEC("cgroup/sendmsg4")
int balise_sendmsg4(struct bpf_sock_addr *ctx)
{
	count(10, 0);
	return 1;
}

SEC("cgroup/recvmsg4")
int balise_recvmsg4(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/getpeername4")
int balise_getpeername4(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/connect6")
int balise_connect6(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/recvmsg6")
int balise_recvmsg6(struct bpf_sock_addr *ctx)
{
	return 1;
}

SEC("cgroup/getpeername6")
int balise_getpeername6(struct bpf_sock_addr *ctx)
{
	return 1;
}

char _license[] SEC("license") = "Dual BSD/GPL";
