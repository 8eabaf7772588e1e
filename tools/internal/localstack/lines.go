package localstack

import (
	"encoding/json"
	"strings"
)

// isWarning tells whether a part's line is for a person at the terminal: level warning or above for our programs, error
// for RabbitMQ (it warns of every client that leaves without a word), nothing of Redis (its warnings are advice on the
// kernel's settings). Everything is in the part's log, and the last words are shown when a part dies.
func isWarning(part, line string) bool {
	switch part {
	case Redis:
		return false
	case RabbitMQ:
		return strings.Contains(line, " [error] ") || strings.Contains(line, " [critical] ")
	default:
		return atLeastWarn(level(line))
	}
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
