package scale

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/bench/internal/meter"
)

// cpu is the seconds that a process has worked.
func cpu(pid int) float64 { return meter.Read(map[string]int{"": pid})[""].CPU }

// status is a field of /proc/PID/status in bytes; 0 where there is none (macOS).
func status(pid int, field string) float64 {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range bytes.Lines(text) {
		if rest, is := bytes.CutPrefix(line, []byte(field+":")); is {
			kib, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(string(rest)), "kB")), 64)
			return kib * 1024
		}
	}
	return 0
}

// redisMemory is what Redis has allocated, in bytes.
func redisMemory(ctx context.Context, addr string) (float64, error) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}, DisableCache: true, ForceSingleClient: true})
	if err != nil {
		return 0, fmt.Errorf("connecting to redis: %w", err)
	}
	defer c.Close()
	info, err := c.Do(ctx, c.B().Info().Section("memory").Build()).ToString()
	if err != nil {
		return 0, fmt.Errorf("asking redis for its memory: %w", err)
	}
	_, rest, _ := strings.Cut(info, "used_memory:")
	text, _, _ := strings.Cut(rest, "\r\n")
	return strconv.ParseFloat(text, 64)
}
