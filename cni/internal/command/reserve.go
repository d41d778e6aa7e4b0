package command

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netns"

	"balise.io/cni/internal/crash"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/ledger"
	"balise.io/cni/internal/wiring"
)

// refuseConnected refuses a pod that is connected already, as the specification has it, and leaves it as it is. One that is connected in part
// is from an ADD that was killed.
func (c *Call) refuseConnected(pod netns.NsHandle) *types.Error {
	exists, failed := wiring.HasDevice(pod, c.ID.IfName)
	if failed != nil {
		return failed
	}
	device := c.ID.HostDevice()
	if exists && (!wiring.HasHostDevice(device) || wiring.IsComplete(device)) {
		return failure.New(failure.InterfaceExists,
			fmt.Sprintf("Pod %s has an interface %s already, in %s", c.pod, c.ID.IfName, c.Netns), "Call DEL before another ADD")
	}
	return nil
}

// reserve gives the pod an address of each prefix, or of none. First it clears away what an earlier boot, or an earlier ADD for the same
// pod that was ended half way, left behind.
func (c *Call) reserve() ([]*ledger.Claim, *types.Error) {
	unlock, failed := c.ledger.LockAddresses()
	if failed != nil {
		return nil, failed
	}
	defer unlock()
	given, failed := c.clearedEntries()
	if failed != nil {
		return nil, failed
	}
	var claims []*ledger.Claim
	for _, prefix := range c.config.PodCIDRs {
		claim, failed := c.give(prefix, given)
		if failed != nil {
			for _, earlier := range claims {
				_ = earlier.Free() // what fails is told once
			}
			return nil, failed
		}
		claims = append(claims, claim)
		crash.Point("address given")
	}
	return claims, nil
}

// clearedEntries are the given addresses, without those of earlier boots and of earlier calls for this pod. The lock must be held.
func (c *Call) clearedEntries() ([]ledger.Entry, *types.Error) {
	if failed := c.sweepEarlierBoots(); failed != nil {
		return nil, failed
	}
	given, failed := c.entries()
	if failed != nil {
		return nil, failed
	}
	own := func(entry ledger.Entry) bool { return entry.Readable && entry.ID() == c.ID }
	if !slices.ContainsFunc(given, own) && !wiring.HasHostDevice(c.ID.HostDevice()) {
		return given, nil
	}
	if failed := c.release(c.ID, false); failed != nil {
		return nil, failed
	}
	return slices.DeleteFunc(given, own), nil
}

func (c *Call) give(prefix netip.Prefix, given []ledger.Entry) (*ledger.Claim, *types.Error) {
	for retried := false; ; retried = true {
		claim, found, err := c.ledger.Give(prefix, c.entry(), given, wiring.Used)
		if err != nil {
			return nil, failure.State("keep an address of "+prefix.String(), err)
		}
		if found {
			return claim, nil
		}
		if retried {
			return nil, ledger.Exhausted(prefix, given)
		}
		if failed := c.releaseDead(given); failed != nil {
			return nil, failed
		}
		var failed *types.Error
		if given, failed = c.entries(); failed != nil {
			return nil, failed
		}
	}
}

func (c *Call) entries() ([]ledger.Entry, *types.Error) {
	given, err := c.ledger.Entries()
	if err != nil {
		return nil, failure.State("read the given addresses", err)
	}
	return given, nil
}
