// Package config reads what the runtime hands to the plugin: the network configuration and CNI_ARGS. Nothing is taken on trust, all
// mistakes are told at once, and what is not known is refused rather than passed over.
package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	current "github.com/containernetworking/cni/pkg/types/100"
	"github.com/containernetworking/cni/pkg/version"

	"balise.io/cni/internal/attachment"
	"balise.io/cni/internal/failure"
)

// DefaultStateDir is on disk: what a reboot leaves of it is cleaned at the first ADD after it.
const DefaultStateDir = "/var/lib/balise/cni"

// Mode says what the plugin does for a pod.
type Mode string

const (
	// Full gives the pod its interface, addresses, routes and host ports.
	Full Mode = "full"
	// Chained stands behind another network's plugins and does host ports alone.
	Chained Mode = "chained"
)

const (
	// leastMTU is that of IPv4 hosts (RFC 791, section 3.2), leastMTUIPv6 that of IPv6 links (RFC 8200, section 5).
	leastMTU     = 576
	leastMTUIPv6 = 1280
	largestMTU   = 65535
)

// Config is a checked network configuration.
type Config struct {
	CNIVersion   string
	Network      string
	Mode         Mode
	PodCIDRs     []netip.Prefix
	MTU          int
	StateDir     string
	PortMappings []PortMapping
	// ValidAttachments is nil where the runtime gave no list; an empty one says that there are none.
	ValidAttachments []attachment.ID
	rawPrevResult    json.RawMessage
}

// Keys of the specification, and of libcni, that need no reading here.
var passedOver = []string{"cniVersion", "cniVersions", "name", "type", "capabilities", "args", "disableCheck", "disableGC",
	"prevResult", "cni.dev/valid-attachments", "cni.dev/attachments"}

// Parse reads the configuration for a command. Of DEL and GC it asks only for what they need: a mistake in the network's part must not keep
// a pod from going away.
func Parse(stdin []byte, command string) (Config, *types.Error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(stdin, &fields); err != nil {
		return Config{StateDir: DefaultStateDir}, failure.New(types.ErrDecodingFailure, fmt.Sprintf("The network configuration is no JSON object: %v", err), "")
	}
	c := Config{StateDir: DefaultStateDir, rawPrevResult: fields["prevResult"]}
	var d defects
	_ = json.Unmarshal(fields["cniVersion"], &c.CNIVersion) // the skeleton has looked at these two
	_ = json.Unmarshal(fields["name"], &c.Network)
	c.readStateDir(fields, &d)
	switch command {
	case "DEL":
	case "GC":
		_ = json.Unmarshal(fields["mode"], &c.Mode) // what is no mode is taken for none, and host ports alone are collected
		c.readValidAttachments(fields, &d)
	default:
		c.readNetwork(fields, &d)
		c.readRuntimeConfig(fields["runtimeConfig"], &d)
		refuseUnknown(fields, &d)
	}
	return c, d.failure(c.Network)
}

func (c *Config) readStateDir(fields map[string]json.RawMessage, d *defects) {
	raw, given := fields["stateDir"]
	if !given || !d.decode("stateDir", raw, &c.StateDir, "a path") {
		return
	}
	if !filepath.IsAbs(c.StateDir) {
		d.bad("stateDir", raw, "must be an absolute path")
		c.StateDir = DefaultStateDir
	}
}

func (c *Config) readNetwork(fields map[string]json.RawMessage, d *defects) {
	raw, given := fields["mode"]
	if !given {
		d.missing("mode", `write "full" or "chained"`)
	} else if d.decode("mode", raw, &c.Mode, `"full" or "chained"`) && c.Mode != Full && c.Mode != Chained {
		d.bad("mode", raw, `must be "full" or "chained"`)
	}
	if c.Mode != Full {
		return
	}
	var texts []string
	raw, given = fields["podCidrs"]
	if !given || d.decode("podCidrs", raw, &texts, "a list of prefixes") {
		if len(texts) == 0 {
			d.missing("podCidrs", "the node has no spec.podCIDRs; kube-controller-manager gives them with --allocate-node-cidrs")
		}
		c.PodCIDRs = parsePodCIDRs(texts, d)
	}
	c.readMTU(fields["mtu"], d)
}

func (c *Config) readMTU(raw json.RawMessage, d *defects) {
	if len(raw) == 0 {
		d.missing("mtu", "write the octets that fit into a packet to another pod")
		return
	}
	if !d.decode("mtu", raw, &c.MTU, "a number of octets") {
		return
	}
	least, of := leastMTU, "IPv4"
	if c.HasIPv6() {
		least, of = leastMTUIPv6, "IPv6"
	}
	if c.MTU < least || c.MTU > largestMTU {
		d.bad("mtu", raw, fmt.Sprintf("must be from %d, the least that %s allows, to %d", least, of, largestMTU))
	}
}

// HasIPv6 says whether pods get an IPv6 address.
func (c Config) HasIPv6() bool {
	return slices.ContainsFunc(c.PodCIDRs, func(prefix netip.Prefix) bool { return prefix.Addr().Is6() })
}

func (c *Config) readRuntimeConfig(raw json.RawMessage, d *defects) {
	if len(raw) == 0 {
		return
	}
	var given map[string]json.RawMessage
	if !d.decode("runtimeConfig", raw, &given, "an object") {
		return
	}
	for _, key := range sortedKeys(given) {
		if key == "portMappings" {
			c.PortMappings = parsePortMappings(given[key], d)
		} else {
			d.unknown("runtimeConfig."+key, given[key], "only portMappings is supported; take the capability out")
		}
	}
}

func (c *Config) readValidAttachments(fields map[string]json.RawMessage, d *defects) {
	raw, given := fields["cni.dev/valid-attachments"]
	if !given {
		d.missing("cni.dev/valid-attachments", "without the list every attachment would go; an empty one says so")
		return
	}
	var list []types.GCAttachment
	if !d.decode("cni.dev/valid-attachments", raw, &list, "a list of objects with containerID and ifname") {
		return
	}
	c.ValidAttachments = make([]attachment.ID, 0, len(list))
	for index, valid := range list {
		if valid.ContainerID == "" || valid.IfName == "" {
			d.bad(fmt.Sprintf("cni.dev/valid-attachments[%d]", index), valid, "must have containerID and ifname")
		}
		c.ValidAttachments = append(c.ValidAttachments, attachment.ID{ContainerID: valid.ContainerID, IfName: valid.IfName})
	}
}

// refuseUnknown takes a key that nobody knows for a slip of the pen, but for those of other parties, which have a domain in front.
func refuseUnknown(fields map[string]json.RawMessage, d *defects) {
	ours := []string{"mode", "podCidrs", "mtu", "stateDir", "runtimeConfig"}
	for _, key := range sortedKeys(fields) {
		switch {
		case slices.Contains(ours, key), slices.Contains(passedOver, key), strings.Contains(key, "/"):
		case key == "ipam":
			if text := string(fields[key]); text != "{}" && text != "null" {
				d.unknown(key, fields[key], "addresses come from podCidrs")
			}
		case key == "dns":
			var dns types.DNS
			if json.Unmarshal(fields[key], &dns) != nil || !dns.IsEmpty() {
				d.unknown(key, fields[key], "name servers are the kubelet's")
			}
		default:
			d.unknown(key, fields[key], "is not known")
		}
	}
}

// PrevResult is the result of the plugins before this one, or of ADD. Whether it must be there, the command knows.
func (c Config) PrevResult(command string) (*current.Result, *types.Error) {
	if len(c.rawPrevResult) == 0 || string(c.rawPrevResult) == "null" {
		return nil, failure.New(types.ErrInvalidNetworkConfig,
			fmt.Sprintf("Network configuration %s has no prevResult, which %s in mode %s needs", c.Network, command, c.Mode),
			"In mode chained balise-cni must not be the first plugin of the list")
	}
	result, err := version.NewResult(c.CNIVersion, c.rawPrevResult)
	if err == nil {
		var converted *current.Result
		if converted, err = current.NewResultFromResult(result); err == nil {
			return converted, nil
		}
	}
	return nil, failure.New(types.ErrDecodingFailure,
		fmt.Sprintf("prevResult %s of network configuration %s is no result of CNI %s: %v", show(c.rawPrevResult), c.Network, c.CNIVersion, err), "")
}

func sortedKeys(fields map[string]json.RawMessage) []string {
	keys := make([]string, 0, len(fields))
	for key := range fields {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
