import { AGENT_CONFIG_LAYOUT } from './agent-config.ts'
import { COUNTER_LAYOUT } from './counter.ts'
import { CT4_KEY_LAYOUT } from './ct4-key.ts'
import { CT_ENTRY_LAYOUT } from './ct-entry.ts'
import { FRAGMENT4_KEY_LAYOUT, FRAGMENT4_LAYOUT } from './fragment4.ts'
import { L2_ENTRY_LAYOUT, L2_KEY4_LAYOUT } from './l2-responder4.ts'
import { LB4_BACKEND_LAYOUT } from './lb4-backend.ts'
import { LB4_KEY_LAYOUT } from './lb4-key.ts'
import { LB4_REVERSE_NAT_LAYOUT } from './lb4-reverse-nat.ts'
import { LB_SERVICE_LAYOUT } from './lb-service.ts'
import { OVERLAY_CONFIG_LAYOUT } from './overlay-config.ts'
import { OVERLAY4_KEY_LAYOUT, OVERLAY6_KEY_LAYOUT } from './overlay-key.ts'
import { OVERLAY_PEER_LAYOUT } from './overlay-peer.ts'
import { SOCK4_REVERSE_KEY_LAYOUT, SOCK4_REVERSE_LAYOUT } from './sock4-reverse.ts'
import type { StructLayout } from './struct-layout.ts'

/** Every struct that has a codec here. */
export const BPF_LAYOUTS: readonly StructLayout[] = [
  LB4_KEY_LAYOUT,
  LB_SERVICE_LAYOUT,
  LB4_BACKEND_LAYOUT,
  LB4_REVERSE_NAT_LAYOUT,
  CT4_KEY_LAYOUT,
  CT_ENTRY_LAYOUT,
  SOCK4_REVERSE_KEY_LAYOUT,
  SOCK4_REVERSE_LAYOUT,
  FRAGMENT4_KEY_LAYOUT,
  FRAGMENT4_LAYOUT,
  L2_KEY4_LAYOUT,
  L2_ENTRY_LAYOUT,
  AGENT_CONFIG_LAYOUT,
  OVERLAY4_KEY_LAYOUT,
  OVERLAY6_KEY_LAYOUT,
  OVERLAY_PEER_LAYOUT,
  OVERLAY_CONFIG_LAYOUT,
  COUNTER_LAYOUT,
]
