// SPDX-License-Identifier: GPL-2.0-only
/*
 * An object of another struct_ops type: TCP congestion control
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "GPL";

SEC("struct_ops/other_ssthresh")
__u32 BPF_PROG(other_ssthresh, struct sock *sk)
{
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops other = {
	.ssthresh = (void *)other_ssthresh,
	.name = "bpf_other",
};
