/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * All maps, once. User space pins each under its own name, and every object that is loaded later takes the pinned one, so
 * parameters here are part of an upgrade: what changes them needs a new name.
 */
#pragma once

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "structs.h"

#define LB_BACKEND_ENTRIES 65536
/* A port of a LoadBalancer Service is at four addresses (cluster IP, its own, node port twice), each with its slots, and in two scopes at most. */
#define LB_FRONTEND_ENTRIES 262144
#define CT_MAP_ENTRIES 262144
#define SOCK_MAP_ENTRIES 65536
#define L2_MAP_ENTRIES 4096
#define FRAGMENT_MAP_ENTRIES 8192
/* Kubernetes is made for 5,000 nodes; each has a prefix of pods and an address or two. */
#define OVERLAY_MAP_ENTRIES 16384
/* Room for reasons and counters to come, so that an upgrade can take over the pinned maps. */
#define COUNTER_MAP_ENTRIES 64

_Static_assert(DROP_REASONS <= COUNTER_MAP_ENTRIES, "map drops is too small");
_Static_assert(COUNTERS <= COUNTER_MAP_ENTRIES, "map counters is too small");

/* Frontends and their slots. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LB_FRONTEND_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct lb4_key);
	__type(value, struct lb_service);
} lb4_services SEC(".maps");

/* By backend id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LB_BACKEND_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct lb4_backend);
} lb4_backends SEC(".maps");

/* By frontend id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, LB_FRONTEND_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct lb4_reverse_nat);
} lb4_reverse_nat SEC(".maps");

/* LRU: forwarding must go on while no agent runs, so nobody may be needed to make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, CT_MAP_ENTRIES);
	__type(key, struct ct4_key);
	__type(value, struct ct_entry);
} ct4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SOCK_MAP_ENTRIES);
	__type(key, struct sock4_reverse_key);
	__type(value, struct sock4_reverse);
} sock4_reverse SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, FRAGMENT_MAP_ENTRIES);
	__type(key, struct fragment4_key);
	__type(value, struct fragment4);
} fragments4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, L2_MAP_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct l2_key4);
	__type(value, struct l2_entry);
} l2_responder4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct agent_config);
} agent_config SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVERLAY_MAP_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct overlay4_key);
	__type(value, struct overlay_peer);
} overlay4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, OVERLAY_MAP_ENTRIES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct overlay6_key);
	__type(value, struct overlay_peer);
} overlay6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct overlay_config);
} overlay_config SEC(".maps");

/* By enum answer_kind. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, ANSWER_KINDS);
	__type(key, __u32);
	__type(value, struct answer_bucket);
} answer_buckets SEC(".maps");

/* By enum drop_reason. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_MAP_ENTRIES);
	__type(key, __u32);
	__type(value, struct counter);
} drops SEC(".maps");

/* By enum counter_id. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTER_MAP_ENTRIES);
	__type(key, __u32);
	__type(value, struct counter);
} counters SEC(".maps");
