package localstack

import (
	"encoding/json"
	"strings"
)

// warning returns what of a part's line is for a person at the terminal, "" for nothing: level warning or above of our
// programs (without the time, which the terminal shows anyway), alarms of RabbitMQ (else it complains of every client
// that was killed), nothing of Redis (its warnings are advice on the kernel's settings). Everything is in the part's
// log, and the last words are shown when a part dies.
func warning(part, line string) string {
	switch part {
	case Redis:
		return ""
	case RabbitMQ:
		if strings.Contains(line, "alarm") && !strings.Contains(line, "[info]") {
			return line
		}
		return ""
	}
	if !atLeastWarn(level(line)) {
		return ""
	}
	if _, rest, timed := strings.Cut(line, "\t"); timed && !strings.HasPrefix(line, "{") {
		return strings.ReplaceAll(rest, "\t", "  ")
	}
	return line
}

func atLeastWarn(level string) bool {
	switch strings.ToLower(level) {
	case "warn", "error", "dpanic", "panic", "fatal":
		return true
	}
	return false
}

// level finds the level of a line in either of our log formats: JSON, or time, level and message with tabs between.
func level(line string) string {
	if strings.HasPrefix(line, "{") {
		var entry struct {
			Level string `json:"level"`
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			return ""
		}
		return entry.Level
	}
	fields := strings.SplitN(line, "\t", 3)
	if len(fields) < 3 {
		return ""
	}
	return strings.TrimSpace(fields[1])
}
