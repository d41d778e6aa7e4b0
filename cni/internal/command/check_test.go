package command

import (
	"fmt"
	"net"
	"testing"

	current "github.com/containernetworking/cni/pkg/types/100"
)

func TestPodAddressesAreThoseOfItsInterface(t *testing.T) {
	address := func(text string, on *int) *current.IPConfig {
		ip, network, err := net.ParseCIDR(text)
		if err != nil {
			t.Fatal(err)
		}
		return &current.IPConfig{Address: net.IPNet{IP: ip, Mask: network.Mask}, Interface: on}
	}
	result := &current.Result{
		Interfaces: []*current.Interface{{Name: "cni0"}, {Name: "eth0", Sandbox: "/run/netns/a"}, {Name: "eth0"}},
		IPs: []*current.IPConfig{
			address("10.0.0.1/24", current.Int(0)), address("10.0.0.5/24", current.Int(1)), address("10.0.0.6/24", current.Int(2)),
			address("fd00::5/64", nil), address("10.0.0.7/24", current.Int(9)),
		},
	}
	if got := fmt.Sprint(podAddresses(result, "eth0")); got != "[10.0.0.5 fd00::5 10.0.0.7]" {
		t.Error(got)
	}
}
