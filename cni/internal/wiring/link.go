package wiring

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/crash"
	"balise.io/cni/internal/failure"
)

// The pod's next hop. Nobody has these addresses: a permanent neighbour leads to the node's end, so that neither ARP nor NDP is asked.
var (
	GatewayIPv4 = netip.MustParseAddr("169.254.1.1")
	GatewayIPv6 = netip.MustParseAddr("fe80::1")
)

// routeProtocol is the kernel's own (rtnetlink(7), RTPROT_KERNEL): network managers remove routes of others from what they find.
const routeProtocol = unix.RTPROT_KERNEL

// Link is what there is to be between a pod and its node.
type Link struct {
	ID        attachment.ID
	Addresses []netip.Addr
	MTU       int
}

func (l Link) has(is func(netip.Addr) bool) bool {
	for _, address := range l.Addresses {
		if is(address) {
			return true
		}
	}
	return false
}

func (l Link) hasIPv4() bool { return l.has(netip.Addr.Is4) }
func (l Link) hasIPv6() bool { return l.has(netip.Addr.Is6) }

// Gateway is the pod's next hop for the family of an address.
func Gateway(like netip.Addr) netip.Addr {
	if like.Is4() {
		return GatewayIPv4
	}
	return GatewayIPv6
}

// Whole is an address as a prefix of its own: /32 or /128.
func Whole(address netip.Addr) *net.IPNet {
	bits := address.BitLen()
	return &net.IPNet{IP: address.AsSlice(), Mask: net.CIDRMask(bits, bits)}
}

// everything is 0.0.0.0/0 or ::/0.
func everything(like netip.Addr) *net.IPNet {
	return &net.IPNet{IP: make(net.IP, like.BitLen()/8), Mask: net.CIDRMask(0, like.BitLen())}
}

// Connect makes the link. What it made stays when it fails; Disconnect removes it.
func Connect(link Link, pod netns.NsHandle) *types.Error {
	host, err := netns.Get()
	if err != nil {
		return failure.Kernel("tell the plugin's own network namespace", err)
	}
	defer host.Close()
	if err := within(pod, func(handle *netlink.Handle) error { return createPair(handle, link, host) }); err != nil {
		return failure.Kernel(fmt.Sprintf("make the devices %s and %s", link.ID.IfName, link.ID.HostDevice()), err)
	}
	crash.Point("devices made")
	if err := setUpHost(link); err != nil {
		return failure.Kernel("set up "+link.ID.HostDevice()+" on the node", err)
	}
	crash.Point("node set up")
	if err := within(pod, func(handle *netlink.Handle) error { return setUpPod(handle, link) }); err != nil {
		return failure.Kernel("set up "+link.ID.IfName+" in the pod", err)
	}
	return nil
}

// aliasLength is what the kernel keeps (linux/if.h, IFALIASZ, with the end of the string).
const aliasLength = 255

// MarkComplete says at the device that nothing of an ADD is left to do, and whose it is: `ip link` shows it.
func MarkComplete(name, pod string) *types.Error {
	device, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetAlias(device, pod[:min(len(pod), aliasLength)])
	}
	if err != nil {
		return failure.Kernel("name the pod at "+name, err)
	}
	return nil
}

// IsComplete is false for what an ADD left that was killed.
func IsComplete(name string) bool {
	device, err := netlink.LinkByName(name)
	return err == nil && device.Attrs().Alias != ""
}

// createPair makes both ends in one request, each under its name and where it belongs: there is no moment at which one is elsewhere.
func createPair(handle *netlink.Handle, link Link, host netns.NsHandle) error {
	pair := netlink.NewVeth(netlink.NewLinkAttrs())
	pair.Name, pair.HardwareAddr, pair.MTU = link.ID.IfName, link.ID.PodMAC(), link.MTU
	pair.PeerName, pair.PeerHardwareAddr, pair.PeerMTU = link.ID.HostDevice(), link.ID.HostMAC(), uint32(link.MTU)
	pair.PeerNamespace = netlink.NsFd(host)
	return handle.LinkAdd(pair)
}

func setUpHost(link Link) error {
	name := link.ID.HostDevice()
	if err := applyAll(name, hostSettings(link.hasIPv4(), link.hasIPv6())); err != nil {
		return err
	}
	device, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(device); err != nil {
		return err
	}
	crash.Point("node's end up")
	for _, address := range link.Addresses {
		if err := netlink.NeighSet(permanent(device, address, link.ID.PodMAC())); err != nil {
			return fmt.Errorf("neighbour %s: %w", address, err)
		}
		if err := netlink.RouteAdd(hostRoute(device, address)); err != nil {
			return fmt.Errorf("route to %s: %w", address, err)
		}
	}
	return nil
}

func hostRoute(device netlink.Link, address netip.Addr) *netlink.Route {
	route := &netlink.Route{LinkIndex: device.Attrs().Index, Dst: Whole(address), Protocol: routeProtocol}
	if address.Is4() {
		route.Scope = netlink.SCOPE_LINK
	}
	return route
}

func permanent(device netlink.Link, address netip.Addr, mac net.HardwareAddr) *netlink.Neigh {
	family := netlink.FAMILY_V6
	if address.Is4() {
		family = netlink.FAMILY_V4
	}
	return &netlink.Neigh{
		LinkIndex: device.Attrs().Index, Family: family, State: netlink.NUD_PERMANENT, IP: address.AsSlice(), HardwareAddr: mac,
	}
}

func setUpPod(handle *netlink.Handle, link Link) error {
	if err := setUpLoopback(handle, link.hasIPv6()); err != nil {
		return err
	}
	if err := applyAll(link.ID.IfName, podSettings(link.hasIPv6())); err != nil {
		return err
	}
	device, err := handle.LinkByName(link.ID.IfName)
	if err != nil {
		return err
	}
	if err := handle.LinkSetUp(device); err != nil {
		return err
	}
	crash.Point("pod's end up")
	for _, address := range link.Addresses {
		if err := addressPod(handle, device, address, link.ID.HostMAC()); err != nil {
			return err
		}
	}
	return nil
}

func addressPod(handle *netlink.Handle, device netlink.Link, address netip.Addr, gatewayMAC net.HardwareAddr) error {
	own := &netlink.Addr{IPNet: Whole(address)}
	if address.Is6() {
		own.Flags = unix.IFA_F_NODAD
	}
	if err := handle.AddrAdd(device, own); err != nil {
		return fmt.Errorf("address %s: %w", address, err)
	}
	gateway := Gateway(address)
	if err := handle.NeighSet(permanent(device, gateway, gatewayMAC)); err != nil {
		return fmt.Errorf("neighbour %s: %w", gateway, err)
	}
	for _, route := range podRoutes(device, address) {
		if err := handle.RouteAdd(route); err != nil {
			return fmt.Errorf("route to %s: %w", route.Dst, err)
		}
	}
	return nil
}

// podRoutes are the gateway on the link, and all else by way of it.
func podRoutes(device netlink.Link, address netip.Addr) []*netlink.Route {
	index, gateway := device.Attrs().Index, Gateway(address)
	toGateway := &netlink.Route{LinkIndex: index, Dst: Whole(gateway)}
	if address.Is4() {
		toGateway.Scope = netlink.SCOPE_LINK
	}
	return []*netlink.Route{
		toGateway,
		{LinkIndex: index, Dst: everything(address), Gw: gateway.AsSlice(), Flags: int(netlink.FLAG_ONLINK)},
	}
}

// SetUpLoopback brings up `lo` of a pod: not every runtime does.
func SetUpLoopback(pod netns.NsHandle) error {
	return within(pod, func(handle *netlink.Handle) error { return setUpLoopback(handle, false) })
}

func setUpLoopback(handle *netlink.Handle, withIPv6 bool) error {
	lo, err := handle.LinkByName("lo")
	if err != nil {
		return err
	}
	if withIPv6 {
		if err := (setting{"ipv6", "disable_ipv6", "0", false}).apply("lo"); err != nil {
			return err
		}
	}
	if lo.Attrs().Flags&net.FlagUp != 0 {
		return nil
	}
	return handle.LinkSetUp(lo)
}

// HasDevice says whether the pod has a device of that name already.
func HasDevice(pod netns.NsHandle, name string) (bool, *types.Error) {
	found := false
	err := within(pod, func(handle *netlink.Handle) error {
		_, err := handle.LinkByName(name)
		found = err == nil
		return ignoreAbsent(err)
	})
	if err != nil {
		return false, failure.Kernel("list the devices of the pod", err)
	}
	return found, nil
}

// Disconnect removes the node's end, and with it the pod's, the routes and the neighbours. It succeeds when there is none.
func Disconnect(name string) *types.Error {
	device, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkDel(device)
	}
	if err = ignoreAbsent(err); err != nil {
		return failure.Kernel("remove the device "+name, err)
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.As(err, &netlink.LinkNotFoundError{}) || errors.Is(err, unix.ENODEV) {
		return nil
	}
	return err
}

// LoopbackIsUp says whether `lo` of a pod is up.
func LoopbackIsUp(pod netns.NsHandle) (up bool, err error) {
	err = within(pod, func(handle *netlink.Handle) error {
		lo, err := handle.LinkByName("lo")
		up = err == nil && lo.Attrs().Flags&net.FlagUp != 0
		return err
	})
	return up, err
}
