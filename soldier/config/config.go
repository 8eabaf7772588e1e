// Package config reads the settings of the soldier binary from its environment. A wrong one is an error that names it
// and says what to write; nothing is guessed.
package config

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/soldier"
)

// Settings is what the binary runs with.
type Settings struct {
	Soldier soldier.Config
	// LogFormat is json or console, LogLevel debug, info, warn or error.
	LogFormat Format
	LogLevel  zapcore.Level
}

// Format is how log lines look.
type Format string

// The formats.
const (
	// Console is for people, JSON for machines.
	Console Format = "console"
	JSON    Format = "json"
)

// SettingError is a setting with a value that can't be used.
type SettingError struct{ Name, Advice string }

func (e *SettingError) Error() string { return e.Name + " " + e.Advice }

func wrong(name, format string, args ...any) error {
	return &SettingError{Name: name, Advice: fmt.Sprintf(format, args...)}
}

// Environment is where settings come from.
type Environment struct {
	// Lookup is os.LookupEnv. An empty value counts as none.
	Lookup func(string) (string, bool)
	// ReadFile is os.ReadFile.
	ReadFile func(string) ([]byte, error)
	// Hostname is os.Hostname.
	Hostname func() (string, error)
}

// Process is this process's environment.
func Process() Environment {
	return Environment{Lookup: os.LookupEnv, ReadFile: os.ReadFile, Hostname: os.Hostname}
}

func (e Environment) get(name, fallback string) string {
	if v, _ := e.Lookup(name); strings.TrimSpace(v) != "" {
		return strings.TrimSpace(v)
	}
	return fallback
}

// Read reads the settings. id, where it is not empty, goes before SOLDIER_ID. It fails with a *SettingError.
func Read(e Environment, id string) (Settings, error) {
	var (
		out Settings
		err error
	)
	c := &out.Soldier
	if c.ID = id; id == "" {
		c.ID = e.get("SOLDIER_ID", "")
	}
	if c.ID == "" {
		c.ID = e.inventID()
	}
	c.Squads = list(e.get("SOLDIER_SQUADS", ""))
	c.CommanderURLs = list(e.get("COMMANDER_URL", soldier.DefaultCommanderURL))
	if c.RabbitMQURL, err = e.secret("RABBITMQ_URL"); err != nil {
		return out, err
	}
	if c.RabbitMQURL == "" {
		c.RabbitMQURL = soldier.DefaultRabbitMQURL
	}
	c.Journal = e.get("SOLDIER_JOURNAL", "")
	slots := e.get("SOLDIER_SLOTS", strconv.Itoa(soldier.DefaultSlots))
	if c.Slots, err = strconv.Atoi(slots); err != nil || c.Slots < 1 || c.Slots > 10000 {
		return out, wrong("SOLDIER_SLOTS", "is %q; it must be a number from 1 to 10000", slots)
	}
	drain := e.get("SOLDIER_DRAIN_TIMEOUT", soldier.DefaultDrainTimeout.String())
	if c.DrainTimeout, err = time.ParseDuration(drain); err != nil || c.DrainTimeout < 0 || c.DrainTimeout > time.Hour {
		return out, wrong("SOLDIER_DRAIN_TIMEOUT", "is %q; it must be a duration from 0s to 1h, such as 30s", drain)
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = -1 // zero asks for the default there
	}
	if c.EnrollmentKey, err = e.secret("SOLDIER_ENROLLMENT_KEY"); err != nil {
		return out, err
	}
	if c.EnrollmentKey == "" {
		return out, wrong("SOLDIER_ENROLLMENT_KEY", "is missing; set it, or SOLDIER_ENROLLMENT_KEY_FILE, to the key that the commanders were started with")
	}
	switch format := e.get("LOG_FORMAT", string(JSON)); Format(format) {
	case Console, JSON:
		out.LogFormat = Format(format)
	default:
		return out, wrong("LOG_FORMAT", "is %q; it must be json or console", format)
	}
	level := e.get("LOG_LEVEL", "info")
	if out.LogLevel, err = zapcore.ParseLevel(level); err != nil || out.LogLevel > zapcore.ErrorLevel {
		return out, wrong("LOG_LEVEL", "is %q; it must be debug, info, warn or error", level)
	}
	return out, nil
}

// secret reads a setting from NAME or from the file that NAME_FILE names, "" where neither is set.
func (e Environment) secret(name string) (string, error) {
	value, path := e.get(name, ""), e.get(name+"_FILE", "")
	switch {
	case value != "" && path != "":
		return "", wrong(name, "and %s_FILE are both set; set one of them", name)
	case value != "" || path == "":
		return value, nil
	}
	b, err := e.ReadFile(path)
	if err != nil {
		return "", wrong(name+"_FILE", "names a file that can't be read: %v", err)
	}
	if value = strings.TrimSpace(string(b)); value == "" {
		return "", wrong(name+"_FILE", "names an empty file (%s); write the value into it", path)
	}
	return value, nil
}

// inventID makes a name from the host's, with random digits: two processes on one host must not share one.
func (e Environment) inventID() string {
	host, _ := e.Hostname()
	var b strings.Builder
	for _, r := range strings.ToLower(host) {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || b.Len() > 0 && r == '-' {
			b.WriteRune(r)
		}
		if b.Len() == 48 || r == '.' {
			break
		}
	}
	if b.Len() == 0 {
		b.WriteString("soldier")
	}
	var random [4]byte
	_, _ = rand.Read(random[:]) // never fails
	return b.String() + "-" + hex.EncodeToString(random[:])
}

func list(s string) []string {
	var out []string
	for part := range strings.SplitSeq(s, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Named turns what the library says of its configuration into the names of the settings here.
func Named(err *soldier.ConfigError) error {
	names := map[string]string{
		"ID": "SOLDIER_ID", "Squads": "SOLDIER_SQUADS", "Slots": "SOLDIER_SLOTS", "CommanderURLs": "COMMANDER_URL",
		"RabbitMQURL": "RABBITMQ_URL", "EnrollmentKey": "SOLDIER_ENROLLMENT_KEY", "Journal": "SOLDIER_JOURNAL",
	}
	if name, ok := names[err.Field]; ok {
		return &SettingError{Name: name, Advice: err.Advice}
	}
	return err
}
