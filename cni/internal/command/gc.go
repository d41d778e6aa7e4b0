package command

import (
	"errors"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
	"balise.io/cni/internal/wiring"
)

// collect removes everything but the attachments that the runtime says it has. It goes on after a failure and tells all of them at the end.
func (c *Call) collect() error {
	valid := map[string]bool{} // by device
	for _, id := range c.config.ValidAttachments {
		valid[id.HostDevice()] = true
	}
	var errs []error
	if c.config.Mode == config.Full {
		errs = c.collectLinks(valid)
	}
	errs = appendFailure(errs, c.releaseHostPorts(func(holder hostport.Holder) bool {
		return holder.Network == c.config.Network && !valid[holder.Device]
	}))
	if err := errors.Join(errs...); err != nil {
		return failure.New(failure.KernelRefused, "Not everything could be cleared away: "+err.Error(), "")
	}
	return nil
}

// collectLinks leaves alone an ADD that is under way, whose pod is not in the list because it is not done, and makes it valid.
func (c *Call) collectLinks(valid map[string]bool) (errs []error) {
	unlock, failed := c.ledger.LockAddresses()
	if failed != nil {
		return []error{failed}
	}
	defer unlock()
	given, failed := c.entries()
	if failed != nil {
		return []error{failed}
	}
	for _, entry := range given {
		device := entry.ID().HostDevice()
		if entry.Readable && valid[device] || !entry.Readable && wiring.Used(entry.Address) {
			continue
		}
		if failed := c.releaseEntry(entry); failed != nil {
			valid[device] = true // it is busy, or cannot be removed: its other parts must not go before it
			if failed.Code != types.ErrTryAgainLater {
				errs = append(errs, failed)
			}
		}
	}
	devices, failed := wiring.HostDevices()
	if failed != nil {
		return append(errs, failed)
	}
	for _, device := range devices {
		if !valid[device] {
			errs = appendFailure(errs, wiring.Disconnect(device))
		}
	}
	return errs
}

func appendFailure(errs []error, failed *types.Error) []error {
	if failed == nil {
		return errs
	}
	return append(errs, failed)
}
