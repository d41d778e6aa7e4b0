// Package wiring makes, checks and removes what the kernel has of an attachment: the veth pair, its addresses, neighbours and routes, and
// the settings of its devices.
package wiring

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/failure"
)

// IsOverride reads CNI_NETNS_OVERRIDE: it allows the plugin's own network namespace for a pod.
func IsOverride(text string) bool { return text == "1" || strings.EqualFold(text, "true") }

// OpenNetns opens the network namespace of a pod, and refuses the plugin's own unless `mayBeOwn` (CNI_NETNS_OVERRIDE).
func OpenNetns(path string, mayBeOwn bool) (netns.NsHandle, *types.Error) {
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return netns.None(), failure.New(types.ErrInvalidNetNS, fmt.Sprintf("CNI_NETNS %s cannot be opened: %v", path, err), "")
	}
	if !isNamespace(path) {
		handle.Close()
		return netns.None(), failure.New(types.ErrInvalidNetNS, fmt.Sprintf("CNI_NETNS %s is no network namespace", path), "")
	}
	own, err := netns.Get()
	if err != nil {
		handle.Close()
		return netns.None(), failure.Kernel("tell the plugin's own network namespace", err)
	}
	defer own.Close()
	if own.Equal(handle) && !mayBeOwn {
		handle.Close()
		return netns.None(), failure.New(types.ErrInvalidNetNS,
			fmt.Sprintf("CNI_NETNS %s is the node's own network namespace", path), "Set CNI_NETNS_OVERRIDE=1 if that is meant")
	}
	return handle, nil
}

// NetnsAlive says whether there is a network namespace at the path that can be the one of an entry. One below /proc counts within its boot
// alone: process numbers are used again.
func NetnsAlive(path string, sameBoot bool) bool {
	if !sameBoot && strings.HasPrefix(path, "/proc/") {
		return false
	}
	return isNamespace(path)
}

// isNamespace is false for the plain file that is left of a namespace when its mount is gone (ip-netns(8)).
func isNamespace(path string) bool {
	var stat unix.Statfs_t
	return unix.Statfs(path, &stat) == nil && stat.Type == unix.NSFS_MAGIC
}

// within runs `do` in a network namespace, with a socket of it. Settings below /proc/sys/net are those of the thread's namespace.
func within(ns netns.NsHandle, do func(*netlink.Handle) error) error {
	runtime.LockOSThread()
	own, err := netns.Get()
	if err != nil {
		return err
	}
	defer own.Close()
	if err := netns.Set(ns); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter the pod's network namespace: %w", err)
	}
	handle, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err == nil {
		err = do(handle)
		handle.Close()
	}
	if back := netns.Set(own); back != nil {
		return back // the thread stays locked, and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}
