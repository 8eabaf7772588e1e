// Package servers finds out whether RabbitMQ and Redis are on this machine, and installs them where that can be done:
// on Debian and Ubuntu, as root, with the system's own packages.
//
// The stack runs private servers. The ones that come with the packages as system services are neither needed nor
// started: installing must not open ports on the machine.
package servers

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/store/redisserver"
)

// MissingError names the servers that are missing and says how to get them here.
type MissingError struct {
	Packages []string // Debian's names
	Reason   string   // why they were not installed
}

// Error is several lines for a person.
func (e *MissingError) Error() string {
	return fmt.Sprintf("%s. %s", e.Brief(), Advice)
}

// Brief is what is missing and why, without the advice.
func (e *MissingError) Brief() string {
	return fmt.Sprintf("%s missing, and %s", are(e.Packages), e.Reason)
}

// Advice says in lines how a person gets the servers.
const Advice = `Install the two servers and try again:
  Debian, Ubuntu   sudo apt-get install redis-server rabbitmq-server
  Fedora           sudo dnf install redis rabbitmq-server
  macOS            brew install redis rabbitmq
or start a Docker engine: then the stack runs in containers`

func are(packages []string) string {
	if len(packages) == 1 {
		return packages[0] + " is"
	}
	return strings.Join(packages, " and ") + " are"
}

// Missing lists the Debian packages of the servers that are not on this machine.
func Missing() []string {
	var missing []string
	if _, err := redisserver.Find(); err != nil {
		missing = append(missing, "redis-server")
	}
	if _, err := rabbitserver.Find(); err != nil {
		missing = append(missing, "rabbitmq-server")
	}
	return missing
}

// Present is nil where nothing is missing, else a *MissingError with the reason why it stays so.
func Present(otherwise string) error {
	if missing := Missing(); len(missing) > 0 {
		return &MissingError{Packages: missing, Reason: otherwise}
	}
	return nil
}

// Obtainable is nil where nothing is missing that Install could not try to install, else a *MissingError.
func Obtainable() error {
	if why := cannot(); why != "" {
		return Present(why)
	}
	return nil
}

// Install installs what is missing and tells out what it does, a line at a time. Where it can't, or apt-get fails, the
// error is a *MissingError, unless ctx has ended.
func Install(ctx context.Context, out io.Writer) error {
	missing := Missing()
	if len(missing) == 0 {
		return nil
	}
	if err := Obtainable(); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s missing: installing with apt-get (one to three minutes)\n", are(missing))
	restore, err := holdServices()
	if err != nil {
		return err
	}
	defer restore()
	install := append([]string{"install", "-y", "-q", "--no-install-recommends"}, missing...)
	for _, args := range [][]string{{"update", "-q"}, install} {
		if err := apt(ctx, out, args...); err != nil {
			if ctx.Err() != nil {
				return err
			}
			return &MissingError{Packages: missing, Reason: "could not be installed: " + err.Error()}
		}
	}
	if left := Missing(); len(left) > 0 {
		return &MissingError{Packages: left, Reason: "apt-get has installed them, but they can't be found"}
	}
	return nil
}

// cannot says why this machine's servers can't be installed by us, "" when they can.
func cannot() string {
	if !debianLike("/etc/os-release") {
		return "this is neither Debian nor Ubuntu, where they could be installed for you"
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "apt-get is not here to install them"
	}
	if os.Geteuid() != 0 {
		return "installing needs root"
	}
	return ""
}

func debianLike(path string) bool {
	content, err := os.ReadFile(path)
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(content)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if key != "ID" && key != "ID_LIKE" {
			continue
		}
		for id := range strings.FieldsSeq(strings.Trim(value, `"'`)) {
			if id == "debian" || id == "ubuntu" {
				return true
			}
		}
	}
	return false
}

// policyFile is what Debian's packages ask before they start a service; 101 forbids it.
const policyFile = "/usr/sbin/policy-rc.d"

// holdServices keeps packages from starting their services until restore is called. A policy of the machine's own
// stays as it is.
func holdServices() (restore func(), err error) {
	policy, err := os.OpenFile(policyFile, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755) //nolint:gosec // a program
	if errors.Is(err, fs.ErrExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the packages from starting services: %w", err)
	}
	_, err = policy.WriteString("#!/bin/sh\nexit 101\n")
	if err = errors.Join(err, policy.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("keeping the packages from starting services: %w", err), os.Remove(policyFile))
	}
	return func() { _ = os.Remove(policyFile) }, nil
}

// apt runs apt-get, telling the lines that show how far it is; all of it is in the error when it fails.
func apt(ctx context.Context, out io.Writer, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	reader, writer := io.Pipe()
	cmd.Stdout, cmd.Stderr = writer, writer
	var said []string
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewScanner(reader)
		for lines.Scan() {
			line := lines.Text()
			said = append(said, line)
			for _, start := range []string{"Need to get", "Unpacking ", "Setting up "} {
				if strings.HasPrefix(line, start) {
					fmt.Fprintln(out, line)
				}
			}
		}
		_, _ = io.Copy(io.Discard, reader)
	}()
	err := cmd.Run()
	_ = writer.Close()
	<-read
	if err != nil {
		return fmt.Errorf("apt-get %s: %w; its last lines:\n%s", args[0], err, strings.Join(said[max(0, len(said)-15):], "\n"))
	}
	return nil
}
