package hostport

import (
	"net"
	"net/netip"
	"slices"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/failure"
)

// ForgetFlows ends what connection tracking knows of the UDP ports: a client that goes on sending would be led where its first packet went,
// for as long as it sends. TCP and SCTP begin anew by themselves. It looks through the whole table of flows.
func ForgetFlows(ports []Port) *types.Error {
	for _, family := range []netlink.InetFamily{unix.AF_INET, unix.AF_INET6} {
		udp := slices.DeleteFunc(slices.Clone(ports), func(port Port) bool {
			return port.Protocol != unix.IPPROTO_UDP || port.PodIP.Is4() != (family == unix.AF_INET)
		})
		if len(udp) == 0 {
			continue
		}
		own, err := netlink.AddrList(nil, int(family))
		if err != nil {
			return failure.Kernel("list the addresses of the node", err)
		}
		if _, err := netlink.ConntrackDeleteFilters(netlink.ConntrackTable, family, flowsTo{udp, own}); err != nil {
			return failure.Kernel("forget the UDP flows of host ports", err)
		}
	}
	return nil
}

// flowsTo are the flows to ports of the node, whether they were led to a pod or not; those from pods to the same port elsewhere are not.
type flowsTo struct {
	ports []Port
	own   []netlink.Addr
}

// MatchConntrackFlow is netlink.CustomConntrackFilter.
func (f flowsTo) MatchConntrackFlow(flow *netlink.ConntrackFlow) bool {
	return slices.ContainsFunc(f.ports, func(port Port) bool {
		return flow.Forward.Protocol == uint8(port.Protocol) && flow.Forward.DstPort == port.HostPort &&
			(port.HostIP.IsUnspecified() || is(flow.Forward.DstIP, port.HostIP)) &&
			(is(flow.Reverse.SrcIP, port.PodIP) || f.isOwn(flow.Forward.DstIP))
	})
}

func (f flowsTo) isOwn(ip net.IP) bool {
	return slices.ContainsFunc(f.own, func(address netlink.Addr) bool { return address.IP.Equal(ip) })
}

func is(ip net.IP, address netip.Addr) bool { return ip.Equal(address.AsSlice()) }
