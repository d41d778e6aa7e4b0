package command

import (
	"errors"
	"fmt"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/crash"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/ledger"
	"balise.io/cni/internal/wiring"
)

// add connects the pod and prints the result. What it began is undone when it fails; what it leaves when it is killed is known by an address
// file that nobody holds.
func (c *Call) add() error {
	failed := c.tryAdd()
	if failed != nil {
		return failed
	}
	c.ledger.ForgetFailure()
	return nil
}

func (c *Call) tryAdd() *types.Error {
	pod, failed := wiring.OpenNetns(c.Netns, c.mayBeOwnNetns)
	if failed != nil {
		return failed
	}
	defer pod.Close()
	if c.config.Mode == config.Chained {
		return c.addChained()
	}
	if why := wiring.IPv6Off(); why != "" && c.config.HasIPv6() {
		return failure.New(failure.IPv6Off, fmt.Sprintf("IPv6 is off on the node, and the node's podCIDRs %v need it: %s", c.config.PodCIDRs, why),
			"Turn IPv6 on, or give the cluster IPv4 podCIDRs alone")
	}
	if failed := c.refuseConnected(pod); failed != nil {
		return failed
	}
	claims, failed := c.reserve()
	if failed != nil {
		return failed
	}
	crash.Point("addresses reserved")
	link := wiring.Link{ID: c.ID, MTU: c.config.MTU}
	for _, claim := range claims {
		link.Addresses = append(link.Addresses, claim.Address)
	}
	if failed = wiring.Connect(link, pod); failed == nil {
		crash.Point("connected")
		failed = c.takeHostPorts(link.Addresses)
	}
	if failed == nil {
		crash.Point("host ports taken")
		failed = wiring.MarkComplete(c.ID.HostDevice(), c.pod.String())
	}
	if failed == nil {
		crash.Point("marked complete")
		failed = printResult(result(link, c.Netns), c.config.CNIVersion)
	}
	if failed != nil {
		return c.undo(claims, failed)
	}
	for _, claim := range claims {
		claim.Keep()
	}
	return nil
}

// undo takes back what a failed ADD did. The addresses go last, and stay when the device does.
func (c *Call) undo(claims []*ledger.Claim, failed *types.Error) *types.Error {
	if more := c.disconnect(c.ID); more != nil {
		for _, claim := range claims {
			claim.Keep() // DEL will come, and try again
		}
		return failure.New(failed.Code, failed.Msg, failed.Details+"; and then: "+more.Error())
	}
	var errs []error
	for _, claim := range claims {
		errs = append(errs, claim.Free())
	}
	if err := errors.Join(errs...); err != nil {
		return failure.New(failed.Code, failed.Msg, failed.Details+"; and then: "+err.Error())
	}
	return failed
}
