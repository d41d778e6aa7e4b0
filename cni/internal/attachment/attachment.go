// Package attachment names the link between a pod and its node, from what the runtime calls it by.
package attachment

import (
	"crypto/sha256"
	"encoding/hex"
	"net"
	"strings"
)

// DevicePrefix begins the name of the node's end of every link, and of nothing else on a node.
const DevicePrefix = "blc"

// hexDigits of the hash are in a device name: with the prefix it stays below IFNAMSIZ (linux/if.h).
const hexDigits = 11

// ID is what the runtime calls an attachment by (CNI_CONTAINERID and CNI_IFNAME).
type ID struct {
	ContainerID string
	IfName      string
}

// HostDevice is the name of the link's end on the node.
func (id ID) HostDevice() string {
	return DevicePrefix + hex.EncodeToString(id.hash("device"))[:hexDigits]
}

// IsHostDevice says whether a device name is one that HostDevice makes.
func IsHostDevice(name string) bool {
	digits, found := strings.CutPrefix(name, DevicePrefix)
	return found && len(digits) == hexDigits && strings.Trim(digits, "0123456789abcdef") == ""
}

// PodMAC is the hardware address of the pod's end.
func (id ID) PodMAC() net.HardwareAddr { return id.mac("pod") }

// HostMAC is the hardware address of the node's end.
func (id ID) HostMAC() net.HardwareAddr { return id.mac("host") }

// mac is given when a device is made: one that the kernel chose would be changed by udev (systemd.link(5), MACAddressPolicy), behind the
// back of the permanent neighbours.
func (id ID) mac(end string) net.HardwareAddr {
	mac := net.HardwareAddr(id.hash(end)[:6])
	mac[0] = mac[0]&^0x01 | 0x02 // of one station, and locally administered (IEEE 802, section 8.2)
	return mac
}

func (id ID) hash(of string) []byte {
	sum := sha256.Sum256([]byte(of + "\x00" + id.ContainerID + "\x00" + id.IfName))
	return sum[:]
}
