//go:build !linux

package child

import "syscall"

// ownGroup keeps a terminal's Ctrl-C from the child, which we end ourselves.
func ownGroup(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	if a == nil {
		a = &syscall.SysProcAttr{}
	}
	a.Setpgid = true
	return a
}
