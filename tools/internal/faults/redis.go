package faults

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// tell gives the stack's Redis one command, past all links, and wants OK.
func (s *stack) tell(ctx context.Context, command string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp4", s.redis.Addr())
	if err != nil {
		return fmt.Errorf("telling redis %q: %w", command, err)
	}
	defer func() { _ = conn.Close() }()
	if deadline, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(deadline)
	}
	if _, err := conn.Write([]byte(command + "\r\n")); err != nil {
		return fmt.Errorf("telling redis %q: %w", command, err)
	}
	answer, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return fmt.Errorf("telling redis %q: %w", command, err)
	}
	if !strings.HasPrefix(answer, "+OK") {
		return fmt.Errorf("redis answered %q to %q", strings.TrimSpace(answer), command)
	}
	return nil
}
