package command

import (
	"fmt"
	"net/netip"

	"github.com/containernetworking/cni/pkg/types"

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
	unlock()
	if failed != nil {
		return failed
	}
	if failed := hostport.ForgetFlows(ports); failed != nil {
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

// releaseHostPorts takes away those of the holders that `whose` names.
func (c *Call) releaseHostPorts(whose func(hostport.Holder) bool) *types.Error {
	some, failed := hostport.Any()
	if failed != nil || !some {
		return failed
	}
	unlock, failed := c.ledger.LockHostPorts()
	if failed != nil {
		return failed
	}
	ports, failed := hostport.Release(whose)
	unlock()
	if failed != nil {
		return failed
	}
	return hostport.ForgetFlows(ports)
}
