package command

import (
	"fmt"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/failure"
)

// addChained gives host ports to a pod that another network's plugins connected, and hands their result on as it is.
func (c *Call) addChained() *types.Error {
	previous, failed := c.config.PrevResult("ADD")
	if failed != nil {
		return failed
	}
	addresses := podAddresses(previous, c.ID.IfName)
	if len(c.config.PortMappings) > 0 && len(addresses) == 0 {
		return failure.New(types.ErrInvalidNetworkConfig,
			fmt.Sprintf("Pod %s asks for host ports, and prevResult has no address of %s for them", c.pod, c.ID.IfName), "")
	}
	failed = c.takeHostPorts(addresses)
	if failed == nil {
		failed = printResult(previous, c.config.CNIVersion)
	}
	if failed != nil {
		return c.undo(nil, failed)
	}
	return nil
}
