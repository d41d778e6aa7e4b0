package config

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/containernetworking/cni/pkg/types"

	"balise.io/cni/internal/attachment"
)

// with makes a good configuration and changes some of its fields; a nil takes the field out.
func with(t *testing.T, changes map[string]any) []byte {
	t.Helper()
	fields := map[string]any{
		"cniVersion": "1.1.0", "name": "balise", "type": "balise-cni", "mode": "full", "mtu": 1500,
		"podCidrs": []string{"10.244.1.0/24", "fd00:10:244:1::/64"}, "stateDir": "/var/lib/balise/cni",
		"capabilities": map[string]bool{"portMappings": true},
	}
	for key, value := range changes {
		if value == nil {
			delete(fields, key)
		} else {
			fields[key] = value
		}
	}
	text, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParseReadsWhatTheAgentWrites(t *testing.T) {
	c, failed := Parse(with(t, map[string]any{"runtimeConfig": map[string]any{"portMappings": []any{
		map[string]any{"hostPort": 8080, "containerPort": 80, "protocol": "TCP", "hostIP": "192.0.2.1"},
		map[string]any{"hostPort": 53, "containerPort": 5353, "protocol": "udp"},
		map[string]any{"hostPort": 53, "containerPort": 5353, "protocol": "udp", "hostIP": ""},
	}}}), "ADD")
	if failed != nil {
		t.Fatal(failed)
	}
	if c.Mode != Full || c.MTU != 1500 || c.StateDir != "/var/lib/balise/cni" || c.Network != "balise" || !c.HasIPv6() {
		t.Errorf("%+v", c)
	}
	want := []PortMapping{
		{HostIP: netip.MustParseAddr("192.0.2.1"), HostPort: 8080, ContainerPort: 80, Protocol: 6},
		{HostPort: 53, ContainerPort: 5353, Protocol: 17},
	}
	if !slices.Equal(c.PortMappings, want) {
		t.Errorf("port mappings %+v", c.PortMappings)
	}
}

func TestParseHasADefaultForStateDirAlone(t *testing.T) {
	c, failed := Parse(with(t, map[string]any{"stateDir": nil}), "ADD")
	if failed != nil || c.StateDir != DefaultStateDir {
		t.Errorf("%q, %v", c.StateDir, failed)
	}
}

func TestParseTellsEveryMistakeByFieldAndValue(t *testing.T) {
	const invalid, unsupported = types.ErrInvalidNetworkConfig, types.ErrUnsupportedField
	mapping := func(changes map[string]any) map[string]any {
		fields := map[string]any{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
		for key, value := range changes {
			fields[key] = value
		}
		return map[string]any{"portMappings": []any{fields}}
	}
	for _, c := range []struct {
		field string
		value any
		code  uint
		says  string
	}{
		{"mode", nil, invalid, `mode is missing`},
		{"mode", "none", invalid, `mode "none": must be "full" or "chained"`},
		{"mode", 1, invalid, `mode 1: must be "full" or "chained"`},
		{"podCidrs", nil, invalid, `podCidrs is missing: the node has no spec.podCIDRs`},
		{"podCidrs", []string{}, invalid, `podCidrs is missing`},
		{"podCidrs", "10.0.0.0/24", invalid, `podCidrs "10.0.0.0/24": must be a list`},
		{"podCidrs", []any{1}, invalid, `podCidrs [1]: must be a list`},
		{"podCidrs", []string{"10.0.0.0"}, invalid, `podCidrs[0] "10.0.0.0": is no prefix`},
		{"podCidrs", []string{"10.0.0.1/24"}, invalid, `write 10.0.0.0/24`},
		{"podCidrs", []string{"10.0.0.0/31"}, invalid, `has no address for a pod; /30`},
		{"podCidrs", []string{"fd00::/127"}, invalid, `has no address for a pod; /126`},
		{"podCidrs", []string{"0.0.0.0/0"}, invalid, `is every address there is`},
		{"podCidrs", []string{"127.0.0.0/24"}, invalid, `is not for hosts`},
		{"podCidrs", []string{"fe80::/64"}, invalid, `is not for hosts`},
		{"podCidrs", []string{"ff02::/64"}, invalid, `is not for hosts`},
		{"podCidrs", []string{"::ffff:10.0.0.0/120"}, invalid, `write it as IPv4`},
		{"podCidrs", []string{"10.0.0.0/24", "10.0.1.0/24"}, invalid, `podCidrs[1] "10.0.1.0/24": is the second of its family`},
		{"mtu", nil, invalid, `mtu is missing`},
		{"mtu", "1500", invalid, `mtu "1500": must be a number`},
		{"mtu", 1279, invalid, `mtu 1279: must be from 1280, the least that IPv6 allows`},
		{"mtu", 65536, invalid, `to 65535`},
		{"mtu", 1500.5, invalid, `mtu 1500.5: must be a number`},
		{"stateDir", "cni", invalid, `stateDir "cni": must be an absolute path`},
		{"stateDir", 7, invalid, `stateDir 7: must be a path`},
		{"runtimeConfig", 7, invalid, `runtimeConfig 7: must be an object`},
		{"runtimeConfig", map[string]any{"portMappings": 7}, invalid, `runtimeConfig.portMappings 7: must be a list`},
		{"runtimeConfig", mapping(map[string]any{"hostPort": 0}), invalid, `portMappings[0].hostPort 0: must be a number from 1 to 65535`},
		{"runtimeConfig", mapping(map[string]any{"hostPort": nil}), invalid, `hostPort`},
		{"runtimeConfig", mapping(map[string]any{"containerPort": 65536}), invalid, `containerPort 65536: must be a number`},
		{"runtimeConfig", mapping(map[string]any{"containerPort": "http"}), invalid, `containerPort "http": must be a number`},
		{"runtimeConfig", mapping(map[string]any{"protocol": "icmp"}), invalid, `protocol "icmp": must be tcp, udp or sctp`},
		{"runtimeConfig", mapping(map[string]any{"hostIP": "node"}), invalid, `hostIP "node": is no address`},
		{"runtimeConfig", mapping(map[string]any{"hostIP": "fe80::1%eth0"}), invalid, `is no address that a node can have`},
		{"runtimeConfig", map[string]any{"bandwidth": map[string]any{"ingressRate": 1}}, unsupported, `runtimeConfig.bandwidth {"ingressRate":1}: only portMappings`},
		{"ipam", map[string]any{"type": "host-local"}, unsupported, `ipam {"type":"host-local"}: addresses come from podCidrs`},
		{"dns", map[string]any{"nameservers": []string{"10.0.0.10"}}, unsupported, `dns`},
		{"podCidr", "10.0.0.0/24", unsupported, `podCidr "10.0.0.0/24": is not known`},
	} {
		_, failed := Parse(with(t, map[string]any{c.field: c.value}), "ADD")
		if failed == nil {
			t.Errorf("%s %v is accepted", c.field, c.value)
			continue
		}
		if failed.Code != c.code || !strings.Contains(failed.Msg, c.says) || failed.Details == "" {
			t.Errorf("%s %v: code %d, message %q, remedy %q; want %d and %q", c.field, c.value, failed.Code, failed.Msg, failed.Details, c.code, c.says)
		}
	}
}

func TestParseTellsAllMistakesAtOnce(t *testing.T) {
	_, failed := Parse(with(t, map[string]any{"mtu": 1, "podCidrs": []string{"x"}, "foo": 1}), "ADD")
	for _, says := range []string{"mtu 1", `podCidrs[0] "x"`, "foo 1"} {
		if failed == nil || !strings.Contains(failed.Msg, says) {
			t.Errorf("%q is not in %v", says, failed)
		}
	}
}

func TestParseRefusesWhatIsNoObject(t *testing.T) {
	for _, text := range []string{"", "[]", "{", `"balise"`} {
		if _, failed := Parse([]byte(text), "ADD"); failed == nil || failed.Code != types.ErrDecodingFailure {
			t.Errorf("%q: %v", text, failed)
		}
	}
}

func TestParsePassesOverKeysOfTheSpecificationAndOfOthers(t *testing.T) {
	for key, value := range map[string]any{
		"cniVersions": []string{"1.0.0"}, "args": map[string]any{}, "disableCheck": true, "prevResult": map[string]any{},
		"cni.dev/attachments": []any{}, "example.org/colour": "blue", "ipam": map[string]any{}, "dns": map[string]any{},
	} {
		if _, failed := Parse(with(t, map[string]any{key: value}), "ADD"); failed != nil {
			t.Errorf("%s: %v", key, failed)
		}
	}
}

func TestParseTakesForDELWhatIsWrongForADD(t *testing.T) {
	c, failed := Parse(with(t, map[string]any{"podCidrs": 7, "mtu": "x", "foo": 1, "mode": 3}), "DEL")
	if failed != nil || c.StateDir != "/var/lib/balise/cni" {
		t.Errorf("%+v, %v", c, failed)
	}
}

func TestParseWantsTheListOfGC(t *testing.T) {
	const key = "cni.dev/valid-attachments"
	for _, value := range []any{nil, 7, []any{map[string]any{"containerID": "a"}}} {
		if _, failed := Parse(with(t, map[string]any{key: value}), "GC"); failed == nil || failed.Code != types.ErrInvalidNetworkConfig {
			t.Errorf("%v: %v", value, failed)
		}
	}
	c, failed := Parse(with(t, map[string]any{key: []any{map[string]any{"containerID": "a", "ifname": "eth0"}}}), "GC")
	if failed != nil || !slices.Equal(c.ValidAttachments, []attachment.ID{{ContainerID: "a", IfName: "eth0"}}) || c.Mode != Full {
		t.Errorf("%+v, %v", c, failed)
	}
	if c, failed := Parse([]byte(`{"name":"balise","cni.dev/valid-attachments":null}`), "GC"); failed != nil || len(c.ValidAttachments) != 0 {
		t.Errorf("%+v, %v", c, failed)
	}
}

func TestPrevResult(t *testing.T) {
	good := map[string]any{"cniVersion": "1.1.0", "ips": []any{map[string]any{"address": "10.1.0.5/24"}}}
	c, _ := Parse(with(t, map[string]any{"prevResult": good}), "CHECK")
	if result, failed := c.PrevResult("CHECK"); failed != nil || result.IPs[0].Address.String() != "10.1.0.5/24" {
		t.Errorf("%v, %v", result, failed)
	}
	c, _ = Parse(with(t, nil), "CHECK")
	if _, failed := c.PrevResult("CHECK"); failed == nil || failed.Code != types.ErrInvalidNetworkConfig || !strings.Contains(failed.Msg, "prevResult") {
		t.Errorf("%v", failed)
	}
	c, _ = Parse(with(t, map[string]any{"prevResult": map[string]any{"ips": 7}}), "CHECK")
	if _, failed := c.PrevResult("CHECK"); failed == nil || failed.Code != types.ErrDecodingFailure {
		t.Errorf("%v", failed)
	}
}

func TestParseArgs(t *testing.T) {
	pod, failed := ParseArgs("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web-0;K8S_POD_UID=x;")
	if failed != nil || pod.String() != "default/web-0" {
		t.Errorf("%v, %v", pod, failed)
	}
	if pod, failed := ParseArgs(""); failed != nil || pod != (Pod{}) {
		t.Errorf("%v, %v", pod, failed)
	}
	if _, failed := ParseArgs("K8S_POD_NAME"); failed == nil || failed.Code != types.ErrInvalidEnvironmentVariables {
		t.Errorf("%v", failed)
	}
}
