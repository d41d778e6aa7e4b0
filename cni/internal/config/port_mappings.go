package config

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Protocol is the number of a transport protocol (IANA, Assigned Internet Protocol Numbers).
type Protocol uint8

var protocols = map[string]Protocol{"tcp": unix.IPPROTO_TCP, "udp": unix.IPPROTO_UDP, "sctp": unix.IPPROTO_SCTP}

// String is the name that Kubernetes has for it, in small letters.
func (p Protocol) String() string {
	for name, number := range protocols {
		if number == p {
			return name
		}
	}
	return fmt.Sprint(uint8(p))
}

// PortMapping is a port of the node that leads to one of the pod (CNI conventions, portMappings).
type PortMapping struct {
	// HostIP is unspecified (0.0.0.0, ::) for all addresses of that family, and not valid for all of both.
	HostIP        netip.Addr
	HostPort      uint16
	ContainerPort uint16
	Protocol      Protocol
}

// String is `tcp port 8080 of 192.0.2.1`.
func (m PortMapping) String() string {
	if !m.HostIP.IsValid() {
		return fmt.Sprintf("%s port %d", m.Protocol, m.HostPort)
	}
	return fmt.Sprintf("%s port %d of %s", m.Protocol, m.HostPort, m.HostIP)
}

// parsePortMappings leaves out a mapping that is there twice: two containers of one pod may name the same.
func parsePortMappings(raw json.RawMessage, d *defects) []PortMapping {
	var texts []struct {
		HostPort      json.RawMessage `json:"hostPort"`
		ContainerPort json.RawMessage `json:"containerPort"`
		Protocol      string          `json:"protocol"`
		HostIP        string          `json:"hostIP"`
	}
	if !d.decode("runtimeConfig.portMappings", raw, &texts, "a list of mappings with hostPort, containerPort, protocol and hostIP") {
		return nil
	}
	mappings := make([]PortMapping, 0, len(texts))
	for index, text := range texts {
		field := fmt.Sprintf("runtimeConfig.portMappings[%d].", index)
		mapping := PortMapping{
			HostPort:      parsePort(field+"hostPort", text.HostPort, d),
			ContainerPort: parsePort(field+"containerPort", text.ContainerPort, d),
			Protocol:      parseProtocol(field+"protocol", text.Protocol, d),
			HostIP:        parseHostIP(field+"hostIP", text.HostIP, d),
		}
		if !slices.Contains(mappings, mapping) {
			mappings = append(mappings, mapping)
		}
	}
	return mappings
}

func parsePort(field string, raw json.RawMessage, d *defects) uint16 {
	var port int
	if len(raw) == 0 {
		d.missing(field, "write a number from 1 to 65535")
		return 0
	}
	if err := json.Unmarshal(raw, &port); err != nil || port < 1 || port > 65535 {
		d.bad(field, raw, "must be a number from 1 to 65535")
		return 0
	}
	return uint16(port)
}

func parseProtocol(field, text string, d *defects) Protocol {
	if text == "" {
		return unix.IPPROTO_TCP // as Kubernetes has it: ContainerPort.protocol
	}
	number, known := protocols[strings.ToLower(text)]
	if !known {
		d.bad(field, text, "must be tcp, udp or sctp")
	}
	return number
}

func parseHostIP(field, text string, d *defects) netip.Addr {
	if text == "" {
		return netip.Addr{}
	}
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" || address.IsMulticast() {
		d.bad(field, text, "is no address that a node can have")
		return netip.Addr{}
	}
	return address.Unmap()
}
