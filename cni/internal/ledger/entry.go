package ledger

import (
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"balise.io/cni/internal/attachment"
)

// Entry is the file of a given address, `addresses/<ip>`.
type Entry struct {
	ContainerID  string `json:"containerId"`
	IfName       string `json:"ifName"`
	Netns        string `json:"netns"`
	PodNamespace string `json:"podNamespace"`
	PodName      string `json:"podName"`
	// BootID is the boot of the node in which the address was given (random(4), /proc/sys/kernel/random/boot_id).
	BootID string `json:"bootId"`
	AtMs   int64  `json:"atMs"`

	Address netip.Addr `json:"-"`
	// Readable is false for a file that is no such JSON: a disk that lost its last writes, or a hand.
	Readable bool `json:"-"`
}

// ID is the attachment that has the address.
func (e Entry) ID() attachment.ID {
	return attachment.ID{ContainerID: e.ContainerID, IfName: e.IfName}
}

// Entries are all addresses that are given, in the order of their names.
func (l *Ledger) Entries() ([]Entry, error) {
	files, err := os.ReadDir(l.addresses())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	entries := make([]Entry, 0, len(files))
	for _, file := range files {
		address, err := netip.ParseAddr(file.Name())
		if err != nil {
			continue // none of ours: its name is no address
		}
		entry, err := readEntry(filepath.Join(l.addresses(), file.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // its pod went away just now
		}
		if err != nil {
			return nil, err
		}
		entry.Address = address
		entries = append(entries, entry)
	}
	return entries, nil
}

// EntriesOf are the addresses of one attachment.
func (l *Ledger) EntriesOf(id attachment.ID) ([]Entry, error) {
	all, err := l.Entries()
	var own []Entry
	for _, entry := range all {
		if entry.Readable && entry.ID() == id {
			own = append(own, entry)
		}
	}
	return own, err
}

func readEntry(path string) (Entry, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Entry{}, err
	}
	var entry Entry
	entry.Readable = json.Unmarshal(text, &entry) == nil && entry.ContainerID != "" && entry.IfName != ""
	return entry, nil
}

// Claim is an address file that this process holds: no other one works on the attachment meanwhile. The kernel ends it with the process.
type Claim struct {
	Address netip.Addr
	path    string
	file    *os.File
}

// Claim takes hold of an address that is given. False when another process has it, nil when the address is free by now.
func (l *Ledger) Claim(address netip.Addr) (*Claim, bool, error) {
	path := filepath.Join(l.addresses(), address.String())
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	if err != nil {
		return nil, false, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, false, nil
		}
		return nil, false, err
	}
	if !isStill(file, path) {
		file.Close()
		return nil, true, nil
	}
	return &Claim{address, path, file}, true, nil
}

// isStill is false where the address was freed, or given anew, between opening its file and locking it.
func isStill(file *os.File, path string) bool {
	opened, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Stat(path)
	return err == nil && os.SameFile(opened, there)
}

// Free gives the address back.
func (c *Claim) Free() error {
	defer c.file.Close()
	if err := os.Remove(c.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Keep leaves the address given, and lets others at it.
func (c *Claim) Keep() { c.file.Close() }
