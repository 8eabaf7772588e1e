// Package meter reads what processes have cost from /proc. Where there is none (macOS) it reads nothing, and the cost is
// left out of the table.
package meter

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Cost is what a process has spent since it started.
type Cost struct {
	// CPU is seconds of user and system time, those of ended and waited-for children included.
	CPU float64 `json:"cpu_seconds"`
	// Written is bytes that it caused to be written to the disk.
	Written float64 `json:"disk_bytes"`
	// Network is bytes that it read and wrote over the network, where it tells.
	Network float64 `json:"network_bytes,omitempty"`
}

// Minus is what was spent since the earlier reading.
func (c Cost) Minus(earlier Cost) Cost {
	return Cost{CPU: c.CPU - earlier.CPU, Written: c.Written - earlier.Written, Network: c.Network - earlier.Network}
}

// ticks is the kernel's USER_HZ, which is 100 on every system that Go runs on.
const ticks = 100

// Read reads each process together with its living descendants. A process that is gone costs nothing.
func Read(processes map[string]int) map[string]Cost {
	parents := parents()
	out := map[string]Cost{}
	for name, pid := range processes {
		family := map[int]bool{pid: true}
		for grown := true; grown; {
			grown = false
			for child, parent := range parents {
				if family[parent] && !family[child] && pid != os.Getpid() {
					family[child], grown = true, true
				}
			}
		}
		var sum Cost
		for member := range family {
			c := read(member)
			sum.CPU += c.CPU
			sum.Written += c.Written
		}
		out[name] = sum
	}
	return out
}

// parents maps each process to its parent.
func parents() map[int]int {
	out := map[int]int{}
	found, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range found {
		pid, err := strconv.Atoi(filepath.Base(dir))
		if fields := stat(pid); err == nil && len(fields) > 1 {
			out[pid], _ = strconv.Atoi(fields[1])
		}
	}
	return out
}

// stat returns the fields of /proc/PID/stat from the third (state) on.
func stat(pid int) []string {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	// The second field is the program's name in parentheses, and may hold anything.
	return strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
}

func read(pid int) Cost {
	fields := stat(pid)
	if len(fields) < 15 {
		return Cost{}
	}
	var spent float64
	for _, field := range fields[11:15] { // utime, stime, cutime, cstime
		n, _ := strconv.ParseFloat(field, 64)
		spent += n
	}
	c := Cost{CPU: spent / ticks}
	io, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "io"))
	for line := range strings.Lines(string(io)) {
		if number, is := strings.CutPrefix(line, "write_bytes: "); is {
			c.Written, _ = strconv.ParseFloat(strings.TrimSpace(number), 64)
		}
	}
	return c
}
