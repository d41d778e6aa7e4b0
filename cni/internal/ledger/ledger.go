// Package ledger keeps which address is given to which attachment: a file for each, in the plugin's folder. A file appears whole or not at
// all, under its final name, and only one process at a time gives addresses; whatever ends it leaves nothing half done but a file that is
// told by its lock being free.
package ledger

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strings"

	"github.com/containernetworking/cni/pkg/types"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/crash"
	"balise.io/cni/internal/failure"
)

// Ledger is the plugin's folder.
type Ledger struct {
	folder string
}

// New names the folder; it is made when something is written.
func New(folder string) *Ledger { return &Ledger{folder} }

func (l *Ledger) addresses() string        { return filepath.Join(l.folder, "addresses") }
func (l *Ledger) path(name string) string  { return filepath.Join(l.folder, name) }
func lastGivenName(like netip.Addr) string { return "last-given-" + strings.ToLower(familyOf(like)) }

// Give gives an address of the prefix, and returns it held. The lock must be held. `used` says of an address without a file whether the
// node uses it nevertheless. False when none is left.
func (l *Ledger) Give(prefix netip.Prefix, entry Entry, given []Entry, used func(netip.Addr) bool) (*Claim, bool, error) {
	files := map[netip.Addr]bool{}
	for _, other := range given {
		files[other.Address] = true
	}
	taken := func(address netip.Addr) bool { return files[address] || used(address) }
	address, found := next(prefix, l.lastGiven(prefix), taken)
	if !found {
		return nil, false, nil
	}
	claim, err := l.create(address, entry)
	if err != nil {
		return nil, false, err
	}
	if err := l.writeWhole(lastGivenName(address), []byte(address.String()+"\n")); err != nil {
		return nil, false, errors.Join(err, claim.Free())
	}
	return claim, true, nil
}

// lastGiven is not valid where nothing was given yet, or the file is damaged: then the order begins anew.
func (l *Ledger) lastGiven(prefix netip.Prefix) netip.Addr {
	text, _ := os.ReadFile(l.path(lastGivenName(prefix.Addr())))
	address, _ := netip.ParseAddr(strings.TrimSpace(string(text)))
	if !prefix.Contains(address) {
		return netip.Addr{}
	}
	return address
}

const leftoverPrefix = ".new-"

// create writes the file under another name, locks it, and links it to its own, which fails where there is one.
func (l *Ledger) create(address netip.Addr, entry Entry) (*Claim, error) {
	text, err := json.Marshal(entry)
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(l.path(leftoverPrefix+address.String()), os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(l.addresses(), address.String())
	_, err = file.Write(append(text, '\n'))
	if err == nil {
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	crash.Point("address file written")
	if err == nil {
		err = os.Link(file.Name(), path)
	}
	crash.Point("address file linked")
	if err = errors.Join(err, os.Remove(file.Name())); err != nil {
		file.Close()
		return nil, err
	}
	return &Claim{address, path, file}, nil
}

func (l *Ledger) leftovers() []string {
	names, _ := filepath.Glob(l.path(leftoverPrefix + "*")) // it fails for a bad pattern alone
	return names
}

// TidyUp removes what a process left that was killed while it wrote.
func (l *Ledger) TidyUp() *types.Error {
	if len(l.leftovers()) == 0 {
		return nil
	}
	unlock, failed := l.LockAddresses()
	if failed == nil {
		unlock()
	}
	return failed
}

// writeWhole replaces a file in one step.
func (l *Ledger) writeWhole(name string, content []byte) error {
	fresh, err := os.CreateTemp(l.folder, leftoverPrefix+name+"-*")
	if err != nil {
		return err
	}
	_, err = fresh.Write(content)
	err = errors.Join(err, fresh.Chmod(0o644), fresh.Close())
	if err == nil {
		err = os.Rename(fresh.Name(), l.path(name))
	}
	if err != nil {
		_ = os.Remove(fresh.Name()) // the first error counts
	}
	return err
}

// IsWritable tries what ADD does first.
func (l *Ledger) IsWritable() *types.Error {
	unlock, failed := l.LockAddresses()
	if failed != nil {
		return failed
	}
	defer unlock()
	if err := l.writeWhole("written", []byte{}); err != nil {
		return failure.State("write into "+l.folder, err)
	}
	if err := os.Remove(l.path("written")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return failure.State("write into "+l.folder, err)
	}
	return nil
}

func familyOf(address netip.Addr) string {
	if address.Is4() {
		return "IPv4"
	}
	return "IPv6"
}

// Exhausted says who has the addresses of a prefix of which none is left.
func Exhausted(prefix netip.Prefix, given []Entry) *types.Error {
	const shown = 3
	var holders []string
	count := 0
	for _, entry := range given {
		if !prefix.Contains(entry.Address) {
			continue
		}
		if count++; count <= shown {
			holders = append(holders, fmt.Sprintf("%s %s/%s", entry.Address, entry.PodNamespace, entry.PodName))
		}
	}
	if count > shown {
		holders = append(holders, "…")
	}
	return failure.New(failure.AddressesExhausted,
		fmt.Sprintf("No %s address is left in %s: %d of %d for pods are given (%s)",
			familyOf(prefix.Addr()), prefix, count, total(prefix), strings.Join(holders, ", ")),
		"Give the node a larger podCIDR (kube-controller-manager --node-cidr-mask-size), or let the kubelet take fewer pods (maxPods)")
}
