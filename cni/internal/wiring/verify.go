package wiring

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
)

// Verify tells what of a link is not as Connect left it; nothing when all is there.
func Verify(link Link, pod netns.NsHandle) ([]string, error) {
	missing, err := verifyHost(link)
	if err != nil {
		return nil, err
	}
	err = within(pod, func(handle *netlink.Handle) error {
		inPod, err := verifyPod(handle, link)
		missing = append(missing, inPod...)
		return err
	})
	return missing, err
}

func verifyHost(link Link) ([]string, error) {
	name := link.ID.HostDevice()
	handle := &netlink.Handle{} // the zero value works in the plugin's own namespace
	device, err := handle.LinkByName(name)
	if err != nil {
		return []string{fmt.Sprintf("the node has no device %s", name)}, ignoreAbsent(err)
	}
	var missing []string
	if device.Attrs().Flags&net.FlagUp == 0 {
		missing = append(missing, fmt.Sprintf("device %s of the node is down", name))
	}
	for _, address := range link.Addresses {
		absent, err := missingOf(handle, device, name+" of the node", []*netlink.Route{hostRoute(device, address)}, address, link.ID.PodMAC())
		if err != nil {
			return nil, err
		}
		missing = append(missing, absent...)
	}
	return missing, nil
}

func verifyPod(handle *netlink.Handle, link Link) ([]string, error) {
	name := link.ID.IfName
	device, err := handle.LinkByName(name)
	if err != nil {
		return []string{fmt.Sprintf("the pod has no device %s", name)}, ignoreAbsent(err)
	}
	var missing []string
	if device.Attrs().Flags&net.FlagUp == 0 {
		missing = append(missing, fmt.Sprintf("device %s of the pod is down", name))
	}
	for _, address := range link.Addresses {
		held, err := hasAddress(handle, device, address)
		if err != nil {
			return nil, err
		}
		if !held {
			missing = append(missing, fmt.Sprintf("%s of the pod has not the address %s", name, address))
		}
		absent, err := missingOf(handle, device, name+" of the pod", podRoutes(device, address), Gateway(address), link.ID.HostMAC())
		if err != nil {
			return nil, err
		}
		missing = append(missing, absent...)
	}
	return missing, nil
}

func hasAddress(handle *netlink.Handle, device netlink.Link, address netip.Addr) (bool, error) {
	held, err := handle.AddrList(device, familyOf(address))
	for _, each := range held {
		if each.IPNet.String() == Whole(address).String() {
			return true, err
		}
	}
	return false, err
}

// missingOf looks for the routes, and for the permanent neighbour, of one device.
func missingOf(
	handle *netlink.Handle, device netlink.Link, where string, routes []*netlink.Route, neighbour netip.Addr, mac net.HardwareAddr,
) ([]string, error) {
	var missing []string
	there, err := handle.RouteList(device, familyOf(neighbour))
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		if !containsRoute(there, route) {
			missing = append(missing, fmt.Sprintf("%s has no route to %s", where, route.Dst))
		}
	}
	known, err := handle.NeighList(device.Attrs().Index, familyOf(neighbour))
	if err != nil {
		return nil, err
	}
	for _, each := range known {
		if each.IP.Equal(neighbour.AsSlice()) && bytes.Equal(each.HardwareAddr, mac) && each.State&netlink.NUD_PERMANENT != 0 {
			return missing, nil
		}
	}
	return append(missing, fmt.Sprintf("%s has no permanent neighbour %s at %s", where, neighbour, mac)), nil
}

func containsRoute(routes []netlink.Route, wanted *netlink.Route) bool {
	for _, route := range routes {
		if route.Dst.String() == wanted.Dst.String() && route.Gw.Equal(wanted.Gw) {
			return true
		}
	}
	return false
}

func familyOf(address netip.Addr) int {
	if address.Is4() {
		return netlink.FAMILY_V4
	}
	return netlink.FAMILY_V6
}
