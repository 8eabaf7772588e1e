//go:build !linux

package redisserver

import "syscall"

// dieWithParent puts the child in a group of its own, so that a terminal's Ctrl-C reaches only us and we decide the
// order of the stop. Other systems have no parent-death signal.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
