package child

import "syscall"

// ownGroup keeps a terminal's Ctrl-C from the child, which we end ourselves, and has the kernel kill it when we die.
func ownGroup(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if a == nil {
		a = &syscall.SysProcAttr{}
	}
	a.Setpgid, a.Pdeathsig = true, syscall.SIGKILL
	return a
}
