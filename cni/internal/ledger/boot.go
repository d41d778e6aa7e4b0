package ledger

import (
	"os"
	"strings"
)

const bootIDFile = "/proc/sys/kernel/random/boot_id"

// BootID is another one after each boot (random(4)).
func BootID() (string, error) {
	text, err := os.ReadFile(bootIDFile)
	return strings.TrimSpace(string(text)), err
}

// SweptFor says whether the entries of earlier boots were looked at in this one.
func (l *Ledger) SweptFor(bootID string) bool {
	text, err := os.ReadFile(l.path("boot-id"))
	return err == nil && strings.TrimSpace(string(text)) == bootID
}

// NoteSweep keeps that they were. The lock must be held.
func (l *Ledger) NoteSweep(bootID string) error {
	return l.writeWhole("boot-id", []byte(bootID+"\n"))
}
