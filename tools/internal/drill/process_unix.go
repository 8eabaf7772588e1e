//go:build unix

package drill

import (
	"errors"
	"syscall"
)

// processGone tells whether no process of this machine has the pid.
func processGone(pid int) bool {
	return pid > 0 && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
