package supervise

import "syscall"

// dieWithParent puts the child in a group of its own, so that a terminal's Ctrl-C reaches only the supervisor, which
// decides the order of the stop, and has the kernel kill it when the supervisor dies.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
