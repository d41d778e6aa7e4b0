package hostport

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"balise.io/cni/internal/config"
)

var (
	addr  = netip.MustParseAddr
	pod4  = addr("10.244.1.5")
	pod6  = addr("fd00:1::5")
	mine  = Holder{Device: "blc00000000001", Network: "balise", Pod: "default/web"}
	other = Holder{Device: "blc00000000002", Network: "balise", Pod: "default/other"}
)

func mapping(hostIP string, hostPort, containerPort uint16) config.PortMapping {
	m := config.PortMapping{HostPort: hostPort, ContainerPort: containerPort, Protocol: 6}
	if hostIP != "" {
		m.HostIP = addr(hostIP)
	}
	return m
}

func TestPlanGivesEachFamilyOfThePodAPort(t *testing.T) {
	for _, c := range []struct {
		name    string
		mapping config.PortMapping
		pod     []netip.Addr
		want    []string // `host address to pod address`
	}{
		{"both families", mapping("", 8080, 80), []netip.Addr{pod4, pod6}, []string{"0.0.0.0 to 10.244.1.5", ":: to fd00:1::5"}},
		{"IPv4 pod", mapping("", 8080, 80), []netip.Addr{pod4}, []string{"0.0.0.0 to 10.244.1.5"}},
		{"IPv6 pod", mapping("", 8080, 80), []netip.Addr{pod6}, []string{":: to fd00:1::5"}},
		{"all of IPv4", mapping("0.0.0.0", 8080, 80), []netip.Addr{pod4, pod6}, []string{"0.0.0.0 to 10.244.1.5"}},
		{"one address", mapping("192.0.2.1", 8080, 80), []netip.Addr{pod4, pod6}, []string{"192.0.2.1 to 10.244.1.5"}},
		{"first of a family", mapping("", 8080, 80), []netip.Addr{pod4, addr("10.244.1.6")}, []string{"0.0.0.0 to 10.244.1.5"}},
	} {
		ports, err := Plan([]config.PortMapping{c.mapping}, c.pod, mine)
		var got []string
		for _, port := range ports {
			got = append(got, port.HostIP.String()+" to "+port.PodIP.String())
		}
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v", c.name, got, err)
		}
	}
}

func TestPlanRefusesAFamilyThatThePodHasNot(t *testing.T) {
	_, err := Plan([]config.PortMapping{mapping("2001:db8::1", 8080, 80)}, []netip.Addr{pod4}, mine)
	if err == nil || !strings.Contains(err.Error(), "tcp port 8080 of 2001:db8::1") {
		t.Errorf("%v", err)
	}
}

func port(hostIP string, hostPort uint16, pod netip.Addr, holder Holder) Port {
	return Port{HostIP: addr(hostIP), Protocol: 6, HostPort: hostPort, PodIP: pod, PodPort: 80, Holder: holder}
}

func TestConflictFindsPortsThatAPacketCouldMean(t *testing.T) {
	for _, c := range []struct {
		name        string
		want, there Port
		found       bool
	}{
		{"the same", port("0.0.0.0", 80, pod4, mine), port("0.0.0.0", 80, pod4, other), true},
		{"one address within all", port("192.0.2.1", 80, pod4, mine), port("0.0.0.0", 80, pod4, other), true},
		{"all around one address", port("0.0.0.0", 80, pod4, mine), port("192.0.2.1", 80, pod4, other), true},
		{"another address", port("192.0.2.1", 80, pod4, mine), port("192.0.2.2", 80, pod4, other), false},
		{"another port", port("0.0.0.0", 80, pod4, mine), port("0.0.0.0", 81, pod4, other), false},
		{"another family", port("0.0.0.0", 80, pod4, mine), port("::", 80, pod6, other), false},
		{"its own from before", port("0.0.0.0", 80, pod4, mine), port("0.0.0.0", 80, pod4, mine), false},
	} {
		if _, _, found := Conflict([]Port{c.want}, []Port{c.there}); found != c.found {
			t.Errorf("Conflict() %s: %v", c.name, found)
		}
	}
	udp := port("0.0.0.0", 80, pod4, other)
	udp.Protocol = 17
	if _, _, found := Conflict([]Port{port("0.0.0.0", 80, pod4, mine)}, []Port{udp}); found {
		t.Error("Conflict() of TCP and UDP")
	}
}

func TestConflictFindsTwoOfOnePod(t *testing.T) {
	second := port("192.0.2.1", 80, pod4, mine)
	second.PodPort = 81
	if _, _, found := Conflict([]Port{port("0.0.0.0", 80, pod4, mine), second}, nil); !found {
		t.Error("one host port leads to two ports of the pod")
	}
}

func TestElementsComeBackAsTheyWent(t *testing.T) {
	for _, want := range []Port{
		port("0.0.0.0", 8080, pod4, mine), port("192.0.2.1", 65535, pod4, mine), port("::", 1, pod6, mine), port("2001:db8::1", 443, pod6, mine),
	} {
		got, ok := decodePort(shapeOf(want), want.key(), want.value(), want.Holder.comment())
		if !ok || got != want {
			t.Errorf("%v became %v", want, got)
		}
	}
}

func TestDecodePortRefusesOtherLengths(t *testing.T) {
	good := port("192.0.2.1", 80, pod4, mine)
	for length := range len(good.key()) {
		if _, ok := decodePort(shapeOf(good), good.key()[:length], good.value(), ""); ok {
			t.Errorf("a key of %d octets is read", length)
		}
	}
	for length := range len(good.value()) {
		if _, ok := decodePort(shapeOf(good), good.key(), good.value()[:length], ""); ok {
			t.Errorf("a value of %d octets is read", length)
		}
	}
}

func TestHolderFitsIntoAComment(t *testing.T) {
	long := Holder{Device: mine.Device, Network: "balise", Pod: strings.Repeat("n", 63) + "/" + strings.Repeat("p", 253)}
	comment := long.comment()
	if len(comment) > commentLength {
		t.Errorf("%d octets", len(comment))
	}
	if back := parseHolder(comment); back.Device != long.Device || back.Network != "balise" || !strings.HasPrefix(long.Pod, back.Pod) {
		t.Errorf("%+v", back)
	}
}
