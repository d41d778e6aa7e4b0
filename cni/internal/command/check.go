package command

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/vishvananda/netns"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
	"balise.io/cni/internal/wiring"
)

// check compares what ADD gave, by prevResult, with the files and with the kernel, and tells all that is missing.
func (c *Call) check() error {
	previous, failed := c.config.PrevResult("CHECK")
	if failed != nil {
		return failed
	}
	pod, failed := wiring.OpenNetns(c.Netns, c.mayBeOwnNetns)
	if failed != nil {
		return failed
	}
	defer pod.Close()
	addresses := podAddresses(previous, c.ID.IfName)
	var missing []string
	if c.config.Mode == config.Full {
		if missing, failed = c.missingOfLink(addresses, pod); failed != nil {
			return failed
		}
	}
	ports, err := hostport.Plan(c.config.PortMappings, addresses, c.holder())
	if err != nil {
		missing = append(missing, err.Error())
	} else if len(ports) > 0 {
		absent, failed := hostport.Missing(ports)
		if failed != nil {
			return failed
		}
		missing = append(missing, absent...)
	}
	if len(missing) == 0 {
		return nil
	}
	return failure.New(failure.CheckFailed,
		fmt.Sprintf("Pod %s is not connected as it was: %s", c.pod, strings.Join(missing, "; ")), "Delete the pod; its successor is connected anew")
}

func (c *Call) missingOfLink(addresses []netip.Addr, pod netns.NsHandle) ([]string, *types.Error) {
	entries, err := c.ledger.EntriesOf(c.ID)
	if err != nil {
		return nil, failure.State("read the given addresses", err)
	}
	given := map[netip.Addr]bool{}
	for _, entry := range entries {
		given[entry.Address] = true
	}
	var missing []string
	if len(addresses) == 0 {
		missing = append(missing, "prevResult has no address of "+c.ID.IfName)
	}
	for _, address := range addresses {
		if !given[address] {
			missing = append(missing, fmt.Sprintf("address %s is not given to it", address))
		}
	}
	absent, err := wiring.Verify(wiring.Link{ID: c.ID, Addresses: addresses}, pod)
	if err != nil {
		return nil, failure.Kernel("look at the pod's devices", err)
	}
	return append(missing, absent...), nil
}

// podAddresses are those of a result that are on the pod's interface, or on none that it names.
func podAddresses(result *current.Result, ifName string) []netip.Addr {
	var addresses []netip.Addr
	for _, each := range result.IPs {
		if at := each.Interface; at != nil && *at >= 0 && *at < len(result.Interfaces) {
			if on := result.Interfaces[*at]; on.Name != ifName || on.Sandbox == "" {
				continue
			}
		}
		if address, ok := netip.AddrFromSlice(each.Address.IP); ok {
			addresses = append(addresses, address.Unmap())
		}
	}
	return addresses
}
