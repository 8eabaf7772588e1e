package redisserver

import "syscall"

// dieWithParent puts the child in a group of its own, so that a terminal's Ctrl-C reaches only us and we decide the
// order of the stop, and has the kernel kill it when we die.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
