/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
#pragma once

#include "ctx_skb.h"
#include "drop.h"

static __always_inline int drop(const ctx_t *ctx, enum drop_reason reason)
{
	count_drop(reason, ctx_length(ctx));
	return VERDICT_DROP;
}
