package hostport

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"

	"balise.io/cni/internal/config"
)

// Holder is who has a host port. It is the comment of the port's element in the kernel, which is all the state there is.
type Holder struct {
	// Device is the name of the attachment (attachment.ID.HostDevice), also where the device itself is another network's.
	Device  string
	Network string
	// Pod is `namespace/name`, cut where the kernel's comment ends.
	Pod string
}

// commentLength leaves room in 255 octets for the attribute's head and the end of the string (linux/netfilter/nf_tables.h, NFT_USERDATA_MAXLEN).
const commentLength = 250

func (h Holder) comment() string {
	text := h.Device + " " + h.Network + " " + h.Pod
	return text[:min(len(text), commentLength)]
}

func parseHolder(comment string) Holder {
	device, rest, _ := strings.Cut(comment, " ")
	network, pod, _ := strings.Cut(rest, " ")
	return Holder{device, network, pod}
}

// Port is one element of a map: a port of the node, of one family, and where it leads.
type Port struct {
	// HostIP is unspecified (0.0.0.0, ::) for all addresses of the node.
	HostIP   netip.Addr
	Protocol config.Protocol
	HostPort uint16
	PodIP    netip.Addr
	PodPort  uint16
	Holder   Holder
}

func (p Port) String() string {
	return config.PortMapping{HostIP: p.HostIP, HostPort: p.HostPort, Protocol: p.Protocol}.String()
}

// OnLocalhost says whether 127.0.0.1 has the port.
func (p Port) OnLocalhost() bool {
	return p.HostIP.Is4() && (p.HostIP.IsUnspecified() || p.HostIP.IsLoopback())
}

// Overlaps says whether a packet could be meant for both.
func (p Port) Overlaps(other Port) bool {
	return p.Protocol == other.Protocol && p.HostPort == other.HostPort && p.HostIP.Is4() == other.HostIP.Is4() &&
		(p.HostIP == other.HostIP || p.HostIP.IsUnspecified() || other.HostIP.IsUnspecified())
}

// Plan makes the ports of the mappings: a mapping without a host address has one for each family that the pod has. The mistake is a mapping
// for a family that it has not.
func Plan(mappings []config.PortMapping, podIPs []netip.Addr, holder Holder) ([]Port, error) {
	var ports []Port
	for _, mapping := range mappings {
		served := false
		for _, podIP := range firstOfEachFamily(podIPs) {
			hostIP := mapping.HostIP
			if !hostIP.IsValid() {
				hostIP = unspecified(podIP)
			}
			if hostIP.Is4() != podIP.Is4() {
				continue
			}
			served = true
			ports = append(ports, Port{
				HostIP: hostIP, Protocol: mapping.Protocol, HostPort: mapping.HostPort,
				PodIP: podIP, PodPort: mapping.ContainerPort, Holder: holder,
			})
		}
		if !served {
			return nil, fmt.Errorf("host port %s: the pod has no address of that family, only %v", mapping, podIPs)
		}
	}
	return ports, nil
}

func firstOfEachFamily(addresses []netip.Addr) []netip.Addr {
	var first []netip.Addr
	var seen [2]bool
	for _, address := range addresses {
		family := 0
		if address.Is6() {
			family = 1
		}
		if !seen[family] {
			seen[family] = true
			first = append(first, address)
		}
	}
	return first
}

func unspecified(like netip.Addr) netip.Addr {
	if like.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// Conflict finds a port of somebody else that one of the wanted overlaps.
func Conflict(wanted, there []Port) (want, taken Port, found bool) {
	for index, want := range wanted {
		for _, taken := range there {
			if want.Overlaps(taken) && want.Holder.Device != taken.Holder.Device {
				return want, taken, true
			}
		}
		for _, own := range wanted[:index] {
			if want.Overlaps(own) {
				return want, own, true
			}
		}
	}
	return Port{}, Port{}, false
}

// slot is the length of a register of nftables: every part of a concatenation begins at one.
const slot = 4

// key is, in network order: the host address if it is one of the node's, the protocol, the port.
func (p Port) key() []byte {
	var key []byte
	if !p.HostIP.IsUnspecified() {
		key = p.HostIP.AsSlice()
	}
	key = append(key, byte(p.Protocol), 0, 0, 0)
	return appendPort(key, p.HostPort)
}

// value is the pod's address and port.
func (p Port) value() []byte { return appendPort(p.PodIP.AsSlice(), p.PodPort) }

// hairpinKey is the pod's address twice: as source, and as destination.
func (p Port) hairpinKey() []byte { return append(p.PodIP.AsSlice(), p.PodIP.AsSlice()...) }

func appendPort(octets []byte, port uint16) []byte {
	return append(binary.BigEndian.AppendUint16(octets, port), 0, 0)
}

// decodePort is the way back; false for octets of another length.
func decodePort(shape shape, key, value []byte, comment string) (Port, bool) {
	if len(key) != shape.keyLength() || len(value) != shape.addressLength()+slot {
		return Port{}, false
	}
	port := Port{HostIP: netip.IPv6Unspecified(), Holder: parseHolder(comment)}
	if !shape.ipv6 {
		port.HostIP = netip.IPv4Unspecified()
	}
	if shape.withHostIP {
		port.HostIP, _ = netip.AddrFromSlice(key[:shape.addressLength()])
		key = key[shape.addressLength():]
	}
	port.Protocol = config.Protocol(key[0])
	port.HostPort = binary.BigEndian.Uint16(key[slot:])
	port.PodIP, _ = netip.AddrFromSlice(value[:shape.addressLength()])
	port.PodPort = binary.BigEndian.Uint16(value[shape.addressLength():])
	return port, true
}

// shape is what tells one map from another.
type shape struct {
	ipv6       bool
	withHostIP bool
}

var shapes = []shape{{false, true}, {true, true}, {false, false}, {true, false}}

func shapeOf(port Port) shape { return shape{port.PodIP.Is6(), !port.HostIP.IsUnspecified()} }

func (s shape) addressLength() int {
	if s.ipv6 {
		return 16
	}
	return 4
}

func (s shape) keyLength() int {
	if s.withHostIP {
		return s.addressLength() + 2*slot
	}
	return 2 * slot
}

// mapName is `ports_ipv4` and `ports_of_ipv4`, and so on.
func (s shape) mapName() string {
	if s.withHostIP {
		return "ports_of_" + s.family()
	}
	return "ports_" + s.family()
}

func (s shape) family() string {
	if s.ipv6 {
		return "ipv6"
	}
	return "ipv4"
}

func (s shape) protocolFamily() uint32 {
	if s.ipv6 {
		return unix.NFPROTO_IPV6
	}
	return unix.NFPROTO_IPV4
}
