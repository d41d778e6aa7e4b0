package ledger

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"balise.io/cni/internal/failure"
)

var prefix = netip.MustParsePrefix("10.244.1.0/29")

func nobody(netip.Addr) bool { return false }

func entryOf(containerID string) Entry {
	return Entry{ContainerID: containerID, IfName: "eth0", Netns: "/run/netns/" + containerID, PodNamespace: "default", PodName: containerID,
		BootID: "boot", AtMs: 1}
}

// give gives an address as a command does, and keeps it.
func give(t *testing.T, l *Ledger, containerID string) (netip.Addr, bool) {
	t.Helper()
	unlock, failed := l.LockAddresses()
	if failed != nil {
		t.Fatal(failed)
	}
	defer unlock()
	given, err := l.Entries()
	if err != nil {
		t.Fatal(err)
	}
	claim, found, err := l.Give(prefix, entryOf(containerID), given, nobody)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return netip.Addr{}, false
	}
	claim.Keep()
	return claim.Address, true
}

func free(t *testing.T, l *Ledger, address netip.Addr) {
	t.Helper()
	claim, done, err := l.Claim(address)
	if err != nil || !done || claim == nil {
		t.Fatal(claim, done, err)
	}
	if err := claim.Free(); err != nil {
		t.Fatal(err)
	}
}

func TestGiveGoesRoundBeforeItGivesAnAddressAgain(t *testing.T) {
	l := New(t.TempDir())
	for _, want := range []string{"10.244.1.2", "10.244.1.3", "10.244.1.4", "10.244.1.5", "10.244.1.6", "10.244.1.2"} {
		got, _ := give(t, l, "a")
		if got.String() != want {
			t.Errorf("%s instead of %s", got, want)
		}
		free(t, l, got)
	}
}

func TestGiveEndsWithWhoHasTheAddresses(t *testing.T) {
	l := New(t.TempDir())
	for _, containerID := range []string{"a", "b", "c", "d", "e"} {
		give(t, l, containerID)
	}
	if address, found := give(t, l, "f"); found {
		t.Fatalf("%s is given twice", address)
	}
	given, _ := l.Entries()
	failed := Exhausted(prefix, given)
	if failed.Code != failure.AddressesExhausted ||
		failed.Msg != "No IPv4 address is left in 10.244.1.0/29: 5 of 5 for pods are given (10.244.1.2 default/a, 10.244.1.3 default/b, 10.244.1.4 default/c, …)" {
		t.Errorf("%d %s", failed.Code, failed.Msg)
	}
}

func TestEntriesTellWhatWasWritten(t *testing.T) {
	l := New(t.TempDir())
	address, _ := give(t, l, "a")
	want := entryOf("a")
	want.Address, want.Readable = address, true
	if got, err := l.EntriesOf(want.ID()); err != nil || len(got) != 1 || got[0] != want {
		t.Errorf("%+v, %v", got, err)
	}
	if text, _ := os.ReadFile(filepath.Join(l.addresses(), "10.244.1.2")); string(text) !=
		`{"containerId":"a","ifName":"eth0","netns":"/run/netns/a","podNamespace":"default","podName":"a","bootId":"boot","atMs":1}`+"\n" {
		t.Errorf("%s", text)
	}
}

func TestEntriesTakesADamagedFileForGiven(t *testing.T) {
	l := New(t.TempDir())
	first, _ := give(t, l, "a")
	path := filepath.Join(l.addresses(), first.String())
	for _, text := range []string{"", "{", `{"containerId":"a"}`, "\x00\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		entries, err := l.Entries()
		if err != nil || len(entries) != 1 || entries[0].Readable || entries[0].Address != first {
			t.Errorf("%q: %+v, %v", text, entries, err)
		}
	}
}

func TestTidyUpRemovesWhatAKilledWriterLeft(t *testing.T) {
	l := New(t.TempDir())
	if err := os.MkdirAll(l.addresses(), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{leftoverPrefix + "10.244.1.2", leftoverPrefix + "last-failure.json-123"} {
		if err := os.WriteFile(l.path(name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if failed := l.TidyUp(); failed != nil {
		t.Error(failed)
	}
	if names, _ := filepath.Glob(l.path(leftoverPrefix + "*")); len(names) != 0 {
		t.Errorf("%v are left", names)
	}
}

func TestGiveLeavesOutWhatTheNodeUses(t *testing.T) {
	l := New(t.TempDir())
	unlock, failed := l.LockAddresses()
	if failed != nil {
		t.Fatal(failed)
	}
	defer unlock()
	claim, found, err := l.Give(prefix, entryOf("a"), nil, func(address netip.Addr) bool { return address.String() == "10.244.1.2" })
	if err != nil || !found || claim.Address.String() != "10.244.1.3" {
		t.Errorf("%v, %v, %v", claim, found, err)
	}
}

func TestClaimIsOfOneAtATime(t *testing.T) {
	l := New(t.TempDir())
	address, _ := give(t, l, "a")
	first, done, err := l.Claim(address)
	if err != nil || !done || first == nil {
		t.Fatal(first, done, err)
	}
	if second, done, err := l.Claim(address); second != nil || done || err != nil {
		t.Errorf("%v, %v, %v", second, done, err)
	}
	first.Keep()
	third, done, err := l.Claim(address)
	if third == nil || !done || err != nil {
		t.Errorf("%v, %v, %v", third, done, err)
	}
	if err := third.Free(); err != nil {
		t.Error(err)
	}
	if fourth, done, err := l.Claim(address); fourth != nil || !done || err != nil {
		t.Errorf("%v, %v, %v", fourth, done, err)
	}
}

func TestSweptForKnowsTheBoot(t *testing.T) {
	l := New(t.TempDir())
	if l.SweptFor("one") {
		t.Error("swept before it was")
	}
	if err := l.NoteSweep("one"); err != nil {
		t.Fatal(err)
	}
	if !l.SweptFor("one") || l.SweptFor("two") {
		t.Error("the boot is mistaken")
	}
}

func TestLastFailureIsKeptUntilItIsForgotten(t *testing.T) {
	l := New(filepath.Join(t.TempDir(), "not", "there"))
	l.NoteFailure(Failure{AtMs: 1, Code: 100, Message: "No address", PodName: "web", Command: "ADD"})
	text, err := os.ReadFile(l.path(lastFailureName))
	if err != nil || !strings.Contains(string(text), `"code":100,"message":"No address"`) {
		t.Errorf("%s, %v", text, err)
	}
	l.ForgetFailure()
	if _, err := os.Stat(l.path(lastFailureName)); err == nil {
		t.Error("it is still there")
	}
	l.ForgetFailure()
}

func TestLockSaysThatTheFolderCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, failed := New(file).LockAddresses(); failed == nil || failed.Code != 5 || !strings.Contains(failed.Msg, file) {
		t.Errorf("%v", failed)
	}
}
