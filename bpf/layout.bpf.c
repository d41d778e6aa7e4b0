/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/*
 * Never loaded: this object is for its BTF alone. Every struct and enum that user space shares is named here, so that
 * tools/check-bpf-layout.ts finds it whether or not a program uses it already.
 */
#include "include/structs.h"

#define SHOW(kind, name) kind name layout_##name

SHOW(struct, lb4_key);
SHOW(struct, lb6_key);
SHOW(struct, lb_service);
SHOW(struct, lb4_backend);
SHOW(struct, lb6_backend);
SHOW(struct, lb4_reverse_nat);
SHOW(struct, lb6_reverse_nat);
SHOW(struct, lb4_source_range_key);
SHOW(struct, lb6_source_range_key);
SHOW(struct, lb4_affinity_key);
SHOW(struct, lb6_affinity_key);
SHOW(struct, lb_affinity);
SHOW(struct, ct4_key);
SHOW(struct, ct6_key);
SHOW(struct, ct_entry);
SHOW(struct, sock4_reverse_key);
SHOW(struct, sock4_reverse);
SHOW(struct, fragment4_key);
SHOW(struct, fragment4);
SHOW(struct, l2_key4);
SHOW(struct, l2_key6);
SHOW(struct, l2_entry);
SHOW(struct, agent_config);
SHOW(struct, overlay4_key);
SHOW(struct, overlay6_key);
SHOW(struct, overlay_peer);
SHOW(struct, overlay_config);
SHOW(struct, answer_bucket);
SHOW(struct, counter);

SHOW(enum, lb_scope);
SHOW(enum, lb_flags);
SHOW(enum, lb_algorithm);
SHOW(enum, backend_state);
SHOW(enum, backend_flags);
SHOW(enum, ct_direction);
SHOW(enum, ct_flags);
SHOW(enum, ct_timeout_seconds);
SHOW(enum, overlay_family);
SHOW(enum, overlay_flags);
SHOW(enum, answer_kind);
SHOW(enum, drop_reason);
SHOW(enum, counter_id);
