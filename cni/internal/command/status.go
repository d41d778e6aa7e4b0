package command

import (
	"fmt"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/config"
	"balise.io/cni/internal/failure"
	"balise.io/cni/internal/wiring"
)

// status says whether an ADD could be done. That addresses ran out is no reason against: a node that is not ready would lose the pods that
// have one.
func (c *Call) status() error {
	if failed := c.ledger.IsWritable(); failed != nil {
		return failure.New(types.ErrPluginNotAvailable, failed.Msg, failed.Details)
	}
	if why := wiring.IPv6Off(); why != "" && c.config.Mode == config.Full && c.config.HasIPv6() {
		return failure.New(types.ErrPluginNotAvailable,
			fmt.Sprintf("IPv6 is off on the node, and the node's podCIDRs %v need it: %s", c.config.PodCIDRs, why),
			"Turn IPv6 on, or give the cluster IPv4 podCIDRs alone")
	}
	return nil
}
