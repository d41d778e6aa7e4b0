package command

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netns"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/crash"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
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
	claims, failed := c.reserve(pod)
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

// reserve gives the pod an address of each prefix, or of none. First it clears away what an earlier boot, or an earlier ADD for the same
// pod that was ended half way, left behind.
func (c *Call) reserve(pod netns.NsHandle) ([]*ledger.Claim, *types.Error) {
	unlock, failed := c.ledger.LockAddresses()
	if failed != nil {
		return nil, failed
	}
	defer unlock()
	if failed := c.sweepEarlierBoots(); failed != nil {
		return nil, failed
	}
	given, err := c.ledger.Entries()
	if err != nil {
		return nil, failure.State("read the given addresses", err)
	}
	if failed := c.clearEarlierAdd(pod, given); failed != nil {
		return nil, failed
	}
	var claims []*ledger.Claim
	for _, prefix := range c.config.PodCIDRs {
		claim, failed := c.give(prefix)
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

func (c *Call) give(prefix netip.Prefix) (*ledger.Claim, *types.Error) {
	for retried := false; ; retried = true {
		given, err := c.ledger.Entries()
		if err != nil {
			return nil, failure.State("read the given addresses", err)
		}
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
	}
}

// clearEarlierAdd refuses a pod that is connected already, as the specification has it, and leaves it as it is. One that is connected in part
// is from an ADD that was killed.
func (c *Call) clearEarlierAdd(pod netns.NsHandle, given []ledger.Entry) *types.Error {
	exists, failed := wiring.HasDevice(pod, c.ID.IfName)
	if failed != nil {
		return failed
	}
	device := c.ID.HostDevice()
	halfMade := wiring.HasHostDevice(device) && !wiring.IsComplete(device)
	if exists && !halfMade {
		return failure.New(failure.InterfaceExists,
			fmt.Sprintf("Pod %s has an interface %s already, in %s", c.pod, c.ID.IfName, c.Netns), "Call DEL before another ADD")
	}
	own := func(entry ledger.Entry) bool { return entry.Readable && entry.ID() == c.ID }
	if !slices.ContainsFunc(given, own) && !wiring.HasHostDevice(device) {
		return nil
	}
	return c.release(c.ID, false)
}

func (c *Call) takeHostPorts(addresses []netip.Addr) *types.Error {
	if len(c.config.PortMappings) == 0 {
		return nil
	}
	ports, err := hostport.Plan(c.config.PortMappings, addresses, c.holder())
	if err != nil {
		return failure.New(types.ErrInvalidNetworkConfig, fmt.Sprintf("Pod %s cannot have its host ports: %v", c.pod, err),
			"Take hostIP out of the port, or give it an address of a family that the pod has")
	}
	unlock, failed := c.ledger.LockHostPorts()
	if failed != nil {
		return failed
	}
	defer unlock()
	if failed := hostport.Take(ports, c.holder(), c.isGone); failed != nil {
		return failed
	}
	return c.routeLocalhost(ports)
}

// isGone says that a holder's pod went away without DEL. Of another network's pods it is not known.
func (c *Call) isGone(holder hostport.Holder) bool {
	return c.config.Mode == config.Full && holder.Network == c.config.Network && !wiring.HasHostDevice(holder.Device)
}

// routeLocalhost is for ports that 127.0.0.1 has as well.
func (c *Call) routeLocalhost(ports []hostport.Port) *types.Error {
	for _, port := range ports {
		if port.HostIP.Is6() || !port.HostIP.IsUnspecified() && !port.HostIP.IsLoopback() {
			continue
		}
		device, err := wiring.DeviceTo(port.PodIP)
		if err == nil {
			err = wiring.RouteLocalnet(device)
		}
		if err != nil {
			return failure.Kernel(fmt.Sprintf("lead %s of localhost to %s", port, port.PodIP), err)
		}
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
