//go:build !linux

package supervise

import "syscall"

// dieWithParent puts the child in a group of its own, so that a terminal's Ctrl-C reaches only the supervisor, which
// decides the order of the stop. Other systems have no parent-death signal.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
