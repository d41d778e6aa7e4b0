// Package command has the verbs of the CNI specification 1.1 as the plugin does them.
package command

import (
	"time"

	"github.com/containernetworking/cni/pkg/skel"
	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/config"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/hostport"
	"balise.io/cni/internal/ledger"
	"balise.io/cni/internal/wiring"
)

// Call is one command with what the runtime gave for it.
type Call struct {
	Verb   string
	ID     attachment.ID
	Netns  string
	config config.Config
	pod    config.Pod
	ledger *ledger.Ledger
	// mayBeOwnNetns is CNI_NETNS_OVERRIDE.
	mayBeOwnNetns bool
	bootID        string
}

// newCall reads what the runtime gave. The call is of use for noteFailure also when it fails.
func newCall(verb string, args *skel.CmdArgs) (*Call, *types.Error) {
	c := &Call{
		Verb:          verb,
		ID:            attachment.ID{ContainerID: args.ContainerID, IfName: args.IfName},
		Netns:         args.Netns,
		mayBeOwnNetns: wiring.IsOverride(args.NetnsOverride),
	}
	pod, badArgs := config.ParseArgs(args.Args)
	c.pod = pod
	var failed *types.Error
	c.config, failed = config.Parse(args.StdinData, verb)
	c.ledger = ledger.New(c.config.StateDir)
	if failed != nil {
		return c, failed
	}
	if badArgs != nil && verb != "DEL" {
		return c, badArgs
	}
	bootID, err := ledger.BootID()
	if err != nil {
		return c, failure.State("read the node's boot id", err)
	}
	c.bootID = bootID
	return c, nil
}

func (c *Call) holder() hostport.Holder {
	return hostport.Holder{Device: c.ID.HostDevice(), Network: c.config.Network, Pod: c.pod.String()}
}

func (c *Call) entry() ledger.Entry {
	return ledger.Entry{
		ContainerID: c.ID.ContainerID, IfName: c.ID.IfName, Netns: c.Netns,
		PodNamespace: c.pod.Namespace, PodName: c.pod.Name, BootID: c.bootID, AtMs: time.Now().UnixMilli(),
	}
}

// noteFailure keeps what the runtime is told, for the agent's status.
func (c *Call) noteFailure(failed *types.Error) {
	message := failed.Msg
	if failed.Details != "" {
		message += ". " + failed.Details
	}
	c.ledger.NoteFailure(ledger.Failure{
		AtMs: time.Now().UnixMilli(), Code: failed.Code, Message: message,
		PodNamespace: c.pod.Namespace, PodName: c.pod.Name, Command: c.Verb,
	})
}
