package config

import (
	"fmt"
	"net/netip"
)

// The longest prefixes that leave an address for a pod beside the network's, the node's own and, of IPv4, the broadcast address.
const (
	longestIPv4 = 30
	longestIPv6 = 126
)

// parsePodCIDRs takes one prefix of each family at most, as spec.podCIDRs of a Node has them.
func parsePodCIDRs(texts []string, d *defects) []netip.Prefix {
	prefixes := make([]netip.Prefix, 0, len(texts))
	var seen [2]bool
	for index, text := range texts {
		field := fmt.Sprintf("podCidrs[%d]", index)
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			d.bad(field, text, "is no prefix such as 10.244.1.0/24 or fd00:10:244:1::/64")
			continue
		}
		if what := prefixDefect(prefix); what != "" {
			d.bad(field, text, what)
			continue
		}
		family := familyIndex(prefix.Addr())
		if seen[family] {
			d.bad(field, text, "is the second of its family; a node has one of each")
			continue
		}
		seen[family] = true
		prefixes = append(prefixes, prefix)
	}
	return prefixes
}

func prefixDefect(prefix netip.Prefix) string {
	address := prefix.Addr()
	longest := longestIPv6
	if address.Is4() {
		longest = longestIPv4
	}
	switch {
	case address.Is4In6():
		return "is IPv4 written as IPv6; write it as IPv4"
	case prefix.Masked() != prefix:
		return fmt.Sprintf("has bits after its length; write %s", prefix.Masked())
	case prefix.Bits() == 0:
		return "is every address there is"
	case prefix.Bits() > longest:
		return fmt.Sprintf("has no address for a pod; /%d is the longest", longest)
	case address.IsMulticast(), address.IsLoopback(), address.IsLinkLocalUnicast(), address.IsUnspecified():
		return "is not for hosts: it is multicast, loopback, link-local or unspecified"
	}
	return ""
}

func familyIndex(address netip.Addr) int {
	if address.Is4() {
		return 0
	}
	return 1
}
