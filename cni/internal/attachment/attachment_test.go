package attachment

import (
	"strings"
	"testing"
)

func TestHostDeviceFitsIntoADeviceName(t *testing.T) {
	id := ID{ContainerID: strings.Repeat("a", 64), IfName: "eth0"}
	if name := id.HostDevice(); len(name) != 14 || !IsHostDevice(name) {
		t.Errorf("HostDevice() = %q", name)
	}
}

func TestHostDeviceTellsAttachmentsApart(t *testing.T) {
	seen := map[string]ID{}
	for _, id := range []ID{{"a", "eth0"}, {"a", "eth1"}, {"b", "eth0"}, {"ae", "th0"}} {
		if other, taken := seen[id.HostDevice()]; taken {
			t.Errorf("%v and %v have one device", id, other)
		}
		seen[id.HostDevice()] = id
	}
}

func TestIsHostDeviceRefusesOthers(t *testing.T) {
	for _, name := range []string{"", "blc", "blc0123456789", "blc0123456789ab", "blc0123456789x", "BLC0123456789a", "eth0"} {
		if IsHostDevice(name) {
			t.Errorf("IsHostDevice(%q) is true", name)
		}
	}
}

func TestMACsAreOfOneStationLocalAndDifferent(t *testing.T) {
	for _, containerID := range []string{"a", "b", "c", "d", "e", "f"} {
		id := ID{ContainerID: containerID, IfName: "eth0"}
		pod, host := id.PodMAC(), id.HostMAC()
		for _, mac := range []byte{pod[0], host[0]} {
			if mac&0x03 != 0x02 {
				t.Errorf("first octet %#x of %s", mac, containerID)
			}
		}
		if pod.String() == host.String() {
			t.Errorf("both ends of %s have %s", containerID, pod)
		}
	}
}
