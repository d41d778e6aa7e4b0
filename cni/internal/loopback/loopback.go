// Package loopback is the plugin of that name, for nodes that have none: containerd calls it for every pod.
package loopback

import (
	"encoding/json"
	"net"
	"os"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"

	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/wiring"
)

// Run does the command that the environment names, and returns the exit code.
func Run() int {
	nothing := func(*skel.CmdArgs) error { return nil }
	failed := skel.PluginMainFuncsWithError(skel.CNIFuncs{
		Add: add, Check: check, Status: nothing, GC: nothing,
		Del: nothing, // the namespace goes, and lo with it
	}, version.PluginSupports("0.3.1", "0.4.0", "1.0.0", "1.1.0"), "loopback: the CNI plugin of Balise for lo")
	if failed == nil {
		return 0
	}
	if err := failed.Print(); err != nil {
		os.Stderr.WriteString(failed.Error() + "\n")
	}
	return 1
}

func add(args *skel.CmdArgs) error {
	var conf types.PluginConf
	if err := json.Unmarshal(args.StdinData, &conf); err != nil {
		return failure.New(types.ErrDecodingFailure, "The network configuration is of no use: "+err.Error(), "")
	}
	pod, failed := wiring.OpenNetns(args.Netns, wiring.IsOverride(args.NetnsOverride))
	if failed != nil {
		return failed
	}
	defer pod.Close()
	if err := wiring.SetUpLoopback(pod); err != nil {
		return failure.Kernel("bring up lo", err)
	}
	if conf.RawPrevResult != nil {
		if err := version.ParsePrevResult(&conf); err != nil {
			return failure.New(types.ErrDecodingFailure, "prevResult is of no use: "+err.Error(), "")
		}
		return types.PrintResult(conf.PrevResult, conf.CNIVersion)
	}
	return types.PrintResult(result(args.Netns), conf.CNIVersion)
}

func check(args *skel.CmdArgs) error {
	pod, failed := wiring.OpenNetns(args.Netns, wiring.IsOverride(args.NetnsOverride))
	if failed != nil {
		return failed
	}
	defer pod.Close()
	up, err := wiring.LoopbackIsUp(pod)
	if err != nil {
		return failure.Kernel("look at lo", err)
	}
	if !up {
		return failure.New(failure.CheckFailed, "lo of "+args.Netns+" is down", "")
	}
	return nil
}

func result(netns string) *current.Result {
	return &current.Result{
		CNIVersion: current.ImplementedSpecVersion,
		Interfaces: []*current.Interface{{Name: "lo", Mac: "00:00:00:00:00:00", Sandbox: netns}},
		IPs: []*current.IPConfig{
			{Interface: current.Int(0), Address: net.IPNet{IP: net.IPv4(127, 0, 0, 1), Mask: net.CIDRMask(8, 32)}},
			{Interface: current.Int(0), Address: net.IPNet{IP: net.IPv6loopback, Mask: net.CIDRMask(128, 128)}},
		},
	}
}
