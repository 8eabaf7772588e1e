package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// confine starts this program again on the first n cores, where there are more: all that it starts inherits that.
func confine(n int) error {
	if runtime.NumCPU() <= n {
		return nil
	}
	taskset, err := exec.LookPath("taskset")
	if err != nil {
		return fmt.Errorf("taskset is needed to keep to %d cores; install util-linux, or give --cores %d: %w", n, runtime.NumCPU(), err)
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	return syscall.Exec(taskset, append([]string{"taskset", "-c", fmt.Sprintf("0-%d", n-1), self}, os.Args[1:]...), os.Environ()) //nolint:gosec // itself, with its own arguments
}
