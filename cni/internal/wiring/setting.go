package wiring

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// setting is a value of a device below /proc/sys/net (ip-sysctl in the kernel's documentation).
type setting struct {
	family string // ipv4 or ipv6
	key    string
	value  string
	// needed settings that cannot be made are an error; the others are for the better.
	needed bool
}

func (s setting) apply(device string) error {
	path := filepath.Join("/proc/sys/net", s.family, "conf", device, s.key)
	if is, err := os.ReadFile(path); err == nil && strings.TrimSpace(string(is)) == s.value {
		return nil // some of them take a lock that all devices share
	}
	err := os.WriteFile(path, []byte(s.value), 0)
	if err == nil || !s.needed && isRefusal(err) {
		return nil
	}
	return fmt.Errorf("set net.%s.conf.%s.%s to %s: %w", s.family, device, s.key, s.value, err)
}

// isRefusal is for a /proc/sys that is mounted read-only, a runtime that may not write it, and a kernel that lacks the setting.
func isRefusal(err error) bool {
	return errors.Is(err, unix.EROFS) || errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist)
}

func applyAll(device string, settings []setting) error {
	for _, each := range settings {
		if err := each.apply(device); err != nil {
			return err
		}
	}
	return nil
}

// podSettings are for the pod's end, before it is up: addresses count at once (no duplicate address detection on a link of two), and
// nobody's router advertisements. A pod without an IPv6 address has no IPv6 on that device.
func podSettings(withIPv6 bool) []setting {
	if !withIPv6 {
		return []setting{{"ipv6", "disable_ipv6", "1", false}}
	}
	return []setting{
		{"ipv6", "disable_ipv6", "0", true},
		{"ipv6", "accept_ra", "0", false},
		{"ipv6", "accept_dad", "0", false},
		{"ipv6", "dad_transmits", "0", false},
	}
}

// hostSettings are for the node's end. A route of each pod leads to its device, so that there is nothing for a reverse path filter to find but
// replies that are translated afterwards; and a router between two /32 has nobody to redirect to.
func hostSettings(withIPv4, withIPv6 bool) []setting {
	settings := []setting{
		{"ipv4", "rp_filter", "0", false},
		{"ipv4", "send_redirects", "0", false},
	}
	if withIPv4 {
		settings = append(settings, setting{"ipv4", "forwarding", "1", true})
	}
	if !withIPv6 {
		return append(settings, setting{"ipv6", "disable_ipv6", "1", false})
	}
	return append(settings,
		setting{"ipv6", "disable_ipv6", "0", true},
		setting{"ipv6", "forwarding", "1", false}, // what counts is the setting of all devices, which is the agent's
		setting{"ipv6", "accept_ra", "0", false},
		setting{"ipv6", "accept_dad", "0", false},
		setting{"ipv6", "dad_transmits", "0", false},
	)
}

// RouteLocalnet lets packets from and to 127.0.0.0/8 pass a device, for host ports of localhost.
func RouteLocalnet(device string) error {
	return setting{"ipv4", "route_localnet", "1", false}.apply(device)
}

// RestoreLocalnet gives a device the value that new ones get.
func RestoreLocalnet(device string) error {
	text, err := os.ReadFile("/proc/sys/net/ipv4/conf/default/route_localnet")
	if err != nil {
		return err
	}
	return setting{"ipv4", "route_localnet", strings.TrimSpace(string(text)), false}.apply(device)
}

// IPv6Off says why the node does no IPv6; empty when it does.
func IPv6Off() string {
	text, err := os.ReadFile("/proc/sys/net/ipv6/conf/all/disable_ipv6")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the kernel runs without it (boot parameter ipv6.disable=1, or no module ipv6)"
	case err == nil && strings.TrimSpace(string(text)) == "1":
		return "net.ipv6.conf.all.disable_ipv6 is 1"
	}
	return ""
}
