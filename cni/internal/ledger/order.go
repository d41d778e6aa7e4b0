package ledger

import "net/netip"

// next is the lowest free address after the one given last, from the beginning again behind the end: an address is not used anew at once,
// while others may still know it for its former pod. False when all are taken.
//
// The network's address, the first one, which is the node's own, and the broadcast address of IPv4 are never given. `taken` must be true for
// a bounded number of addresses, as the search asks for one after the other.
func next(prefix netip.Prefix, last netip.Addr, taken func(netip.Addr) bool) (netip.Addr, bool) {
	first, final := usable(prefix)
	start := first
	if last.IsValid() && last.Compare(first) >= 0 && last.Less(final) {
		start = last.Next()
	}
	for candidate := start; ; {
		if !taken(candidate) {
			return candidate, true
		}
		if candidate == final {
			candidate = first
		} else {
			candidate = candidate.Next()
		}
		if candidate == start {
			return netip.Addr{}, false
		}
	}
}

// usable is the range of addresses for pods. The prefix is masked, and long enough to leave one.
func usable(prefix netip.Prefix) (first, final netip.Addr) {
	octets := prefix.Addr().AsSlice()
	for bit := prefix.Bits(); bit < len(octets)*8; bit++ {
		octets[bit/8] |= 1 << (7 - bit%8)
	}
	final, _ = netip.AddrFromSlice(octets)
	if final.Is4() {
		final = final.Prev()
	}
	return prefix.Addr().Next().Next(), final
}

// total is how many addresses a prefix has for pods; at most 2^31, which no node can have.
func total(prefix netip.Prefix) int {
	hostBits := min(prefix.Addr().BitLen()-prefix.Bits(), 31)
	if prefix.Addr().Is4() {
		return 1<<hostBits - 3
	}
	return 1<<hostBits - 2
}
