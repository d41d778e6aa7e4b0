import { BpfError } from './bpf-error.ts'
import { BPF, bpf, createAttr, pointTo } from './bpf-call.ts'
import { errnoName } from './errno.ts'

/** BPF_F_TEST_XDP_LIVE_FRAMES (linux/bpf.h): the verdict is carried out, frames really leave. Kernel 5.18 and newer. */
const XDP_LIVE_FRAMES = 1 << 1
const EINTR = 4
const MOST_ATTEMPTS = 10

export interface TestRunOptions {
  /** The packet: at least 14 octets for programs of the traffic-control and XDP types. */
  readonly data?: Uint8Array
  /** `struct __sk_buff` or `struct xdp_md`, as the program shall see it. */
  readonly context?: Uint8Array
  /** 1 when unset. */
  readonly repeat?: number
  /** Room for the packet afterwards; 256 octets more than it had when unset. */
  readonly outputRoomOctets?: number
  /**
   * XDP only: carry the verdict out, `repeat` times at least; more when a signal makes us begin anew. There is no packet and no context to
   * read afterwards then.
   */
  readonly liveFrames?: boolean
  /** With `liveFrames`: frames per batch; the kernel's own number (64) when unset. */
  readonly batchFrames?: number
}

export interface TestRunResult {
  /** What the program returned, as signed number: -1 is TC_ACT_UNSPEC. */
  readonly verdict: number
  /** The packet afterwards. */
  readonly data: Uint8Array
  /** The context afterwards; empty when none was given. */
  readonly context: Uint8Array
  /** Mean of one run. */
  readonly durationNs: number
}

/** Runs a loaded program once or `repeat` times on a packet that never was on a wire (BPF_PROG_TEST_RUN). */
export function testRun(programFd: number, options: TestRunOptions): TestRunResult {
  return testRunAttempt(programFd, options, 1)
}

/** A signal, which Node gets whenever a child ends, breaks off what is repeated often: it is begun anew. */
function testRunAttempt(programFd: number, options: TestRunOptions, attempt: number): TestRunResult {
  const data = options.data ?? new Uint8Array(0)
  const live = options.liveFrames === true
  const output = new Uint8Array(live ? 0 : (options.outputRoomOctets ?? data.length + 256))
  const contextOut = new Uint8Array(live ? 0 : (options.context?.length ?? 0))
  const attr = createAttr(80)
  attr.view.setUint32(0, programFd, true)
  setOctets(attr, 8, 16, data)
  setOctets(attr, 12, 24, data.length === 0 ? new Uint8Array(0) : output)
  attr.view.setUint32(32, options.repeat ?? 1, true)
  setOctets(attr, 40, 48, options.context ?? new Uint8Array(0))
  setOctets(attr, 44, 56, contextOut)
  attr.view.setUint32(64, live ? XDP_LIVE_FRAMES : 0, true)
  attr.view.setUint32(72, options.batchFrames ?? 0, true)
  const answer = bpf(BPF.PROG_TEST_RUN, attr)
  if (answer === -EINTR && attempt < MOST_ATTEMPTS) return testRunAttempt(programFd, options, attempt + 1)
  if (answer < 0) throw testRunError(programFd, -answer)
  return {
    verdict: attr.view.getInt32(4, true),
    data: output.slice(0, attr.view.getUint32(12, true)),
    context: contextOut.slice(0, attr.view.getUint32(44, true)),
    durationNs: attr.view.getUint32(36, true),
  }
}

function setOctets(
  attr: ReturnType<typeof createAttr>,
  lengthOffset: number,
  pointerOffset: number,
  octets: Uint8Array,
): void {
  if (octets.length === 0) return
  attr.view.setUint32(lengthOffset, octets.length, true)
  pointTo(attr, pointerOffset, octets)
}

function testRunError(programFd: number, number: number): BpfError {
  const subject = `program at descriptor ${programFd}`
  return new BpfError({ code: 'SystemCall', call: 'BPF_PROG_TEST_RUN', subject, errno: errnoName(number) })
}
