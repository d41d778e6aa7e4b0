package command

import (
	"fmt"
	"time"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
	"balise.io/cni/internal/ledger"
	"balise.io/cni/internal/wiring"
)

// claimWait bounds how long DEL waits for an ADD of the same pod that the runtime gave up.
const (
	claimWait  = 10 * time.Second
	claimEvery = 10 * time.Millisecond
)

// del disconnects the pod, whatever there is of it. An ADD of the same pod that the runtime gave up may still be under way, and is waited for.
func (c *Call) del() error {
	if failed := c.release(c.ID, true); failed != nil {
		return failed
	}
	if failed := c.ledger.TidyUp(); failed != nil {
		return failed
	}
	return nil
}

// release removes all there is of an attachment: host ports, devices with their routes, and last the addresses, so that none is given to
// another pod while packets still find the way to this one. It succeeds when there is nothing. `wait` is for who holds no lock: it waits for
// a command at work on the attachment, and for its turn.
func (c *Call) release(id attachment.ID, wait bool) *types.Error {
	entries, err := c.ledger.EntriesOf(id)
	if err != nil {
		return failure.State("read the given addresses", err)
	}
	var claims []*ledger.Claim
	for _, entry := range entries {
		claim, failed := c.claim(entry, wait)
		if failed != nil {
			return failed
		}
		if claim != nil {
			defer claim.Keep()
			claims = append(claims, claim)
		}
	}
	if wait && wiring.HasHostDevice(id.HostDevice()) {
		defer c.ledger.LockRemoval()()
	}
	if failed := c.disconnect(id); failed != nil {
		return failed
	}
	for _, claim := range claims {
		if err := claim.Free(); err != nil {
			return failure.State("give back "+claim.Address.String(), err)
		}
	}
	return nil
}

// claim is nil when the address was given back meanwhile.
func (c *Call) claim(entry ledger.Entry, wait bool) (*ledger.Claim, *types.Error) {
	for deadline := time.Now().Add(claimWait); ; time.Sleep(claimEvery) {
		claim, done, err := c.ledger.Claim(entry.Address)
		if err != nil {
			return nil, failure.State("lock the file of "+entry.Address.String(), err)
		}
		if done {
			return claim, nil
		}
		if !wait || time.Now().After(deadline) {
			return nil, failure.Busy(fmt.Sprintf("Another command is at work on %s of container %s", entry.IfName, entry.ContainerID))
		}
	}
}

// disconnect removes what the kernel has of an attachment.
func (c *Call) disconnect(id attachment.ID) *types.Error {
	device := id.HostDevice()
	if failed := c.releaseHostPorts(func(holder hostport.Holder) bool { return holder.Device == device }); failed != nil {
		return failed
	}
	return wiring.Disconnect(device)
}

// sweepEarlierBoots gives back what pods had before the node was started anew. It is done once in a boot. The lock must be held.
func (c *Call) sweepEarlierBoots() *types.Error {
	if c.ledger.SweptFor(c.bootID) {
		return nil
	}
	given, failed := c.entries()
	if failed != nil {
		return failed
	}
	if failed := c.releaseDead(given); failed != nil {
		return failed
	}
	if err := c.ledger.NoteSweep(c.bootID); err != nil {
		return failure.State("keep which boot was looked at", err)
	}
	return nil
}

// releaseDead gives back the addresses of pods that are no more, though no DEL said so. The lock must be held.
func (c *Call) releaseDead(given []ledger.Entry) *types.Error {
	for _, entry := range given {
		if !c.isDead(entry) {
			continue
		}
		if failed := c.releaseEntry(entry); failed != nil && failed.Code != types.ErrTryAgainLater {
			return failed
		}
	}
	return nil
}

// isDead asks for two witnesses within one boot: the network namespace and the device must both be gone.
func (c *Call) isDead(entry ledger.Entry) bool {
	if !entry.Readable {
		return !wiring.Used(entry.Address)
	}
	sameBoot := entry.BootID == c.bootID
	return !wiring.NetnsAlive(entry.Netns, sameBoot) && !(sameBoot && wiring.HasHostDevice(entry.ID().HostDevice()))
}

// releaseEntry also removes a file that does not tell whose it is.
func (c *Call) releaseEntry(entry ledger.Entry) *types.Error {
	if entry.Readable {
		return c.release(entry.ID(), false)
	}
	claim, failed := c.claim(entry, false)
	if failed != nil || claim == nil {
		return failed
	}
	if err := claim.Free(); err != nil {
		return failure.State("give back "+entry.Address.String(), err)
	}
	return nil
}
