import { BPF_LB_LIST } from './cmds/bpf-lb-list/options.ts'
import { CLEANUP } from './cmds/cleanup/options.ts'
import { DEBUGINFO } from './cmds/debuginfo/options.ts'
import { IPAM_EXPLAIN, IPAM_WHAT_IF } from './cmds/ipam/options.ts'
import { L2_LIST } from './cmds/l2-list/options.ts'
import { MIGRATE_METALLB } from './cmds/migrate/options.ts'
import { NODE_LIST } from './cmds/node-list/options.ts'
import { SERVICE_LIST } from './cmds/service-list/options.ts'
import { STATUS } from './cmds/status/options.ts'
import { VALUES_CHECK } from './cmds/values-check/options.ts'
import { VERSION } from './cmds/version/options.ts'
import type { CliCommand } from './command.ts'

/** In the order of the help. Their code is loaded when they run. */
export const COMMANDS: readonly CliCommand[] = [
  STATUS,
  SERVICE_LIST,
  BPF_LB_LIST,
  L2_LIST,
  NODE_LIST,
  IPAM_EXPLAIN,
  IPAM_WHAT_IF,
  MIGRATE_METALLB,
  VALUES_CHECK,
  DEBUGINFO,
  CLEANUP,
  VERSION,
]
