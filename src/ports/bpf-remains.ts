/** What of the datapath's programs and maps outlives the agent: links and pins. */
export interface BpfRemains {
  /** What hangs where and what is pinned, for people: `balise_ingress at eth0 ingress (tcx)`, `map ct4`. Empty when there is nothing. */
  list(): readonly string[]
  /** Takes all of it away: nothing is forwarded or answered from then on. */
  remove(): void
}
