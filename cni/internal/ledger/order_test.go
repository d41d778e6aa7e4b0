package ledger

import (
	"net/netip"
	"testing"
)

func addr(text string) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	return netip.MustParseAddr(text)
}

func takenBy(texts ...string) func(netip.Addr) bool {
	return func(address netip.Addr) bool {
		for _, text := range texts {
			if addr(text) == address {
				return true
			}
		}
		return false
	}
}

func TestNext(t *testing.T) {
	for _, c := range []struct {
		name, prefix, last string
		taken              []string
		want               string
	}{
		{"begins behind the node's own", "10.244.1.0/24", "", nil, "10.244.1.2"},
		{"goes on after the last", "10.244.1.0/24", "10.244.1.7", nil, "10.244.1.8"},
		{"leaves out what is taken", "10.244.1.0/24", "10.244.1.7", []string{"10.244.1.8", "10.244.1.9"}, "10.244.1.10"},
		{"does not give the broadcast address", "10.244.1.0/24", "10.244.1.254", nil, "10.244.1.2"},
		{"begins again at the end", "10.244.1.0/24", "10.244.1.253", []string{"10.244.1.254", "10.244.1.2"}, "10.244.1.3"},
		{"gives the one just given when no other is left", "10.0.0.0/30", "10.0.0.2", nil, "10.0.0.2"},
		{"has nothing left", "10.0.0.0/30", "10.0.0.2", []string{"10.0.0.2"}, ""},
		{"begins anew in another prefix", "10.244.2.0/24", "10.244.1.7", nil, "10.244.2.2"},
		{"IPv6 begins behind the node's own", "fd00:1::/64", "", nil, "fd00:1::2"},
		{"IPv6 gives the last of a prefix", "fd00:1::/126", "fd00:1::2", nil, "fd00:1::3"},
		{"IPv6 begins again at the end", "fd00:1::/126", "fd00:1::3", nil, "fd00:1::2"},
		{"the end of all addresses is no trap", "255.255.255.0/24", "255.255.255.254", nil, "255.255.255.2"},
		{"the end of all IPv6 addresses is no trap", "ffff::/16", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", nil, "ffff::2"},
	} {
		got, found := next(netip.MustParsePrefix(c.prefix), addr(c.last), takenBy(c.taken...))
		if got != addr(c.want) || found != (c.want != "") {
			t.Errorf("next() %s: got %v, want %q", c.name, got, c.want)
		}
	}
}

func TestNextGivesEachAddressOnceBeforeItGivesOneAgain(t *testing.T) {
	prefix := netip.MustParsePrefix("10.244.1.0/24")
	seen := map[netip.Addr]bool{}
	last := netip.Addr{}
	for range total(prefix) {
		given, _ := next(prefix, last, takenBy())
		if seen[given] {
			t.Fatalf("%s twice", given)
		}
		seen[given] = true
		last = given
	}
	if len(seen) != 253 {
		t.Errorf("%d addresses", len(seen))
	}
	if again, _ := next(prefix, last, takenBy()); !seen[again] {
		t.Errorf("%s is outside of the range", again)
	}
}

func TestTotal(t *testing.T) {
	for text, want := range map[string]int{"10.0.0.0/30": 1, "10.0.0.0/24": 253, "fd00::/126": 2, "fd00::/64": 1<<31 - 2} {
		if got := total(netip.MustParsePrefix(text)); got != want {
			t.Errorf("total(%s) is %d, want %d", text, got, want)
		}
	}
}
