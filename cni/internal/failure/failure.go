// Package failure has the errors of the plugin. The codes below 100 are those of the CNI specification 1.1, section "Error".
package failure

import (
	"fmt"

	"github.com/containernetworking/cni/pkg/types"
)

// Codes from 100 on are the plugin's own.
const (
	// AddressesExhausted says that every address of a podCidr is given out.
	AddressesExhausted uint = 100
	// InterfaceExists says that the pod has an interface of that name already.
	InterfaceExists uint = 101
	// IPv6Off says that the node's kernel does no IPv6, and a podCidr asks for it.
	IPv6Off uint = 102
	// CheckFailed says that an attachment is not as ADD left it.
	CheckFailed uint = 103
	// HostPortTaken says that another pod has the host port.
	HostPortTaken uint = 104
	// KernelRefused says that the kernel refused a device, an address, a route, a setting or a rule.
	KernelRefused uint = 105
)

// New makes an error from what is wrong, with the object and the value, and from what to do about it.
func New(code uint, message, remedy string) *types.Error {
	return types.NewError(code, message, remedy)
}

// Kernel is what the kernel answered when it was asked to do `what`.
func Kernel(what string, err error) *types.Error {
	return New(KernelRefused, fmt.Sprintf("The kernel refused to %s: %v", what, err), "")
}

// State is a failure to read or write a file of the plugin's own.
func State(what string, err error) *types.Error {
	return New(types.ErrIOFailure, fmt.Sprintf("Cannot %s: %v", what, err),
		"The folder of stateDir must be on a writable disk that is not full")
}

// Busy asks the runtime to call again.
func Busy(message string) *types.Error {
	return New(types.ErrTryAgainLater, message, "Another call of the plugin is not done yet; call again")
}
