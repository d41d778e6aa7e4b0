package wiring

import (
	"fmt"
	"net/netip"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/failure"
)

// HostDevices are the names of the node's ends of all links.
func HostDevices() ([]string, *types.Error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, failure.Kernel("list the devices of the node", err)
	}
	var names []string
	for _, link := range links {
		if link.Type() == "veth" && attachment.IsHostDevice(link.Attrs().Name) {
			names = append(names, link.Attrs().Name)
		}
	}
	return names, nil
}

// HasHostDevice says whether the node's end of a link is there.
func HasHostDevice(name string) bool {
	_, err := netlink.LinkByName(name)
	return err == nil
}

// Used says whether the node uses an address itself, or leads it to a pod. The kernel knows it also where the plugin's folder was lost.
func Used(address netip.Addr) bool {
	routes, err := netlink.RouteGet(address.AsSlice())
	if err != nil || len(routes) == 0 {
		return false // no route leads there
	}
	if routes[0].Type == unix.RTN_LOCAL {
		return true
	}
	device, err := netlink.LinkByIndex(routes[0].LinkIndex)
	return err == nil && attachment.IsHostDevice(device.Attrs().Name)
}

// DeviceTo is the device by which the node reaches a pod. The default route leads to no pod of this node.
func DeviceTo(address netip.Addr) (string, error) {
	routes, err := netlink.RouteGetWithOptions(address.AsSlice(), &netlink.RouteGetOptions{FIBMatch: true})
	if err != nil {
		return "", err
	}
	if dst := routes[0].Dst; dst == nil || dst.IP.IsUnspecified() {
		return "", fmt.Errorf("only the default route leads to %s", address)
	}
	device, err := netlink.LinkByIndex(routes[0].LinkIndex)
	if err != nil {
		return "", err
	}
	return device.Attrs().Name, nil
}
