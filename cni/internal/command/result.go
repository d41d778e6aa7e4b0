package command

import (
	"net"
	"net/netip"
	"os"

	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"

	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/wiring"
)

// result tells the runtime of the link: both devices, the pod's addresses, and its routes.
func result(link wiring.Link, netnsPath string) *current.Result {
	r := &current.Result{
		CNIVersion: current.ImplementedSpecVersion,
		Interfaces: []*current.Interface{
			{Name: link.ID.HostDevice(), Mac: link.ID.HostMAC().String(), Mtu: link.MTU},
			{Name: link.ID.IfName, Mac: link.ID.PodMAC().String(), Mtu: link.MTU, Sandbox: netnsPath},
		},
	}
	for _, address := range link.Addresses {
		gateway := net.IP(wiring.Gateway(address).AsSlice())
		r.IPs = append(r.IPs, &current.IPConfig{Interface: current.Int(1), Address: *wiring.Whole(address), Gateway: gateway})
		r.Routes = append(r.Routes, &types.Route{Dst: everything(address), GW: gateway})
	}
	return r
}

func everything(like netip.Addr) net.IPNet {
	return net.IPNet{IP: make(net.IP, like.BitLen()/8), Mask: net.CIDRMask(0, like.BitLen())}
}

// printResult writes it in the version that the runtime asked for.
func printResult(r types.Result, cniVersion string) *types.Error {
	converted, err := r.GetAsVersion(cniVersion)
	if err != nil {
		return failure.New(types.ErrIncompatibleCNIVersion, "The result cannot be told in CNI "+cniVersion+": "+err.Error(), "")
	}
	if err := converted.PrintTo(os.Stdout); err != nil {
		return failure.New(types.ErrIOFailure, "Cannot write the result: "+err.Error(), "")
	}
	return nil
}
