/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */
/* ICMP (RFC 792). Not linux/icmp.h: that wants the C library's headers of a target that BPF is not. */
#pragma once

#include <linux/types.h>

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_DEST_UNREACHABLE = 3,
	ICMP_ECHO = 8,
	ICMP_TIME_EXCEEDED = 11,
	ICMP_PARAMETER_PROBLEM = 12,
};

struct icmp {
	__u8 type;
	__u8 code;
	__be16 checksum;
	__be32 rest;
};
