package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/containernetworking/cni/pkg/types"
	"golang.org/x/sys/unix"

	"balise.io/cni/internal/failure"
)

// Who needs several locks takes them in this order: removal, addresses, host ports.

// lockWait bounds how long a command waits for those before it; a runtime's patience is longer.
const lockWait = 30 * time.Second

// LockAddresses is held by who gives addresses, and by who looks for those of pods that are no more. It removes what another one left that
// was killed while it wrote: nobody writes now.
func (l *Ledger) LockAddresses() (unlock func(), failed *types.Error) {
	unlock, failed = l.lock("lock")
	if failed != nil {
		return nil, failed
	}
	for _, name := range l.leftovers() {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			unlock()
			return nil, failure.State("remove "+name, err)
		}
	}
	return unlock, nil
}

// LockHostPorts is held by who changes the table of host ports.
func (l *Ledger) LockHostPorts() (unlock func(), failed *types.Error) {
	return l.lock("host-ports.lock")
}

// LockRemoval lets those that remove devices take turns. To remove one takes the kernel tens of milliseconds, in part with a lock held that
// every step of an ADD needs, too: if all removed at once an ADD would wait for all of them at each step, and a pod waits for its ADD. Whoever
// does not get a turn in time goes on without one.
func (l *Ledger) LockRemoval() (unlock func()) {
	unlock, failed := l.lock("removal.lock")
	if failed != nil {
		return func() {}
	}
	return unlock
}

// lock makes the folder, if it is not there, and waits for the lock of the name.
func (l *Ledger) lock(name string) (unlock func(), failed *types.Error) {
	if err := os.MkdirAll(l.addresses(), 0o755); err != nil {
		return nil, failure.State("make the folder "+l.addresses(), err)
	}
	file, err := os.OpenFile(l.path(name), os.O_CREATE|os.O_RDWR|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return nil, failure.State("open "+l.path(name), err)
	}
	locked := make(chan error, 1)
	go func() { locked <- flock(file) }()
	select {
	case err := <-locked:
		if err != nil {
			return nil, failure.State("lock "+l.path(name), err)
		}
		return func() { file.Close() }, nil
	case <-time.After(lockWait):
		return nil, failure.Busy(fmt.Sprintf("The lock %s was not free within %s", l.path(name), lockWait))
	}
}

func flock(file *os.File) error {
	for {
		if err := unix.Flock(int(file.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
