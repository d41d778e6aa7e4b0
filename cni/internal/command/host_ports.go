package command

import (
	"fmt"
	"net/netip"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/config"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
	"balise.io/cni/internal/wiring"
)

// takeHostPorts leads the ports that the runtime asks for to the pod.
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
	failed = hostport.Take(ports, c.holder(), c.isGone)
	if failed == nil {
		failed = routeLocalhost(ports)
	}
	unlock()
	if failed != nil {
		return failed
	}
	return hostport.ForgetFlows(ports)
}

// isGone says that a holder's pod went away without DEL. Of another network's pods it is not known.
func (c *Call) isGone(holder hostport.Holder) bool {
	return c.config.Mode == config.Full && holder.Network == c.config.Network && !wiring.HasHostDevice(holder.Device)
}

// routeLocalhost is for ports that 127.0.0.1 has as well.
func routeLocalhost(ports []hostport.Port) *types.Error {
	for _, port := range ports {
		if !port.OnLocalhost() {
			continue
		}
		device, err := wiring.DeviceTo(port.PodIP)
		if err != nil {
			continue // a network whose pods the node itself does not reach; others reach the port all the same
		}
		if err := wiring.RouteLocalnet(device); err != nil {
			return failure.Kernel(fmt.Sprintf("lead %s of localhost to %s", port, port.PodIP), err)
		}
	}
	return nil
}

// releaseHostPorts takes away those of the holders that `whose` names.
func (c *Call) releaseHostPorts(whose func(hostport.Holder) bool) *types.Error {
	if there, failed := hostport.List(); failed != nil || there == nil {
		return failed
	}
	unlock, failed := c.ledger.LockHostPorts()
	if failed != nil {
		return failed
	}
	var ports []hostport.Port
	if failed = closeLocalhost(whose); failed == nil {
		ports, failed = hostport.Release(whose)
	}
	unlock()
	if failed != nil {
		return failed
	}
	return hostport.ForgetFlows(ports)
}

// closeLocalhost undoes routeLocalhost at devices of other networks, which outlive the pod, before the table goes that guards them. A device to
// which no route leads any more is gone, or tells nothing; ours go with their pods.
func closeLocalhost(whose func(hostport.Holder) bool) *types.Error {
	there, failed := hostport.List()
	if failed != nil {
		return failed
	}
	staying := map[string]bool{} // by device, whether a port of localhost leads there
	for _, port := range there {
		if device, err := wiring.DeviceTo(port.PodIP); port.OnLocalhost() && err == nil && !attachment.IsHostDevice(device) {
			staying[device] = staying[device] || !whose(port.Holder)
		}
	}
	for device, stays := range staying {
		if stays {
			continue
		}
		if err := wiring.RestoreLocalnet(device); err != nil {
			return failure.Kernel("close "+device+" for localhost", err)
		}
	}
	return nil
}
