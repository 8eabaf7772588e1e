package config_test

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap/zapcore"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/config"
)

func environment(values map[string]string) config.Environment {
	return config.Environment{
		Lookup: func(name string) (string, bool) { v, ok := values[name]; return v, ok },
		ReadFile: func(path string) ([]byte, error) {
			if path == "/key" {
				return []byte(" from a file\n"), nil
			}
			if path == "/empty" {
				return []byte("\n"), nil
			}
			return nil, os.ErrNotExist
		},
		Hostname: func() (string, error) { return "Host_One.example.org", nil },
	}
}

func TestDefaults(t *testing.T) {
	got, err := config.Read(environment(map[string]string{"SOLDIER_ENROLLMENT_KEY": "k"}), "")
	if err != nil {
		t.Fatal(err)
	}
	if id := got.Soldier.ID; !strings.HasPrefix(id, "hostone-") || !contracts.ValidToken(id) {
		t.Errorf("invented id is %q", id)
	}
	got.Soldier.ID = ""
	want := config.Settings{
		Soldier: soldier.Config{
			Slots: 16, CommanderURLs: []string{"http://127.0.0.1:8080"}, RabbitMQURL: "amqp://127.0.0.1:5672",
			EnrollmentKey: "k", DrainTimeout: 30 * time.Second,
		},
		LogFormat: config.JSON, LogLevel: zapcore.InfoLevel,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestEverySetting(t *testing.T) {
	got, err := config.Read(environment(map[string]string{
		"SOLDIER_ENROLLMENT_KEY_FILE": "/key", "SOLDIER_ID": "loses", "SOLDIER_SLOTS": "3", "SOLDIER_SQUADS": "a, b",
		"SOLDIER_DRAIN_TIMEOUT": "0s", "COMMANDER_URL": "http://a,http://b", "RABBITMQ_URL": "amqps://r",
		"SOLDIER_JOURNAL": "/j", "LOG_FORMAT": "console", "LOG_LEVEL": "debug",
	}), "wins")
	if err != nil {
		t.Fatal(err)
	}
	want := config.Settings{
		Soldier: soldier.Config{
			ID: "wins", Slots: 3, Squads: []string{"a", "b"}, CommanderURLs: []string{"http://a", "http://b"},
			RabbitMQURL: "amqps://r", EnrollmentKey: "from a file", DrainTimeout: -1, Journal: "/j",
		},
		LogFormat: config.Console, LogLevel: zapcore.DebugLevel,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWrongSettingsAreNamed(t *testing.T) {
	for _, test := range []struct{ name, value, named string }{
		{"SOLDIER_SLOTS", "0", "SOLDIER_SLOTS"},
		{"SOLDIER_SLOTS", "many", "SOLDIER_SLOTS"},
		{"SOLDIER_DRAIN_TIMEOUT", "30", "SOLDIER_DRAIN_TIMEOUT"},
		{"SOLDIER_DRAIN_TIMEOUT", "-1s", "SOLDIER_DRAIN_TIMEOUT"},
		{"LOG_FORMAT", "xml", "LOG_FORMAT"},
		{"LOG_LEVEL", "loud", "LOG_LEVEL"},
		{"LOG_LEVEL", "panic", "LOG_LEVEL"},
		{"SOLDIER_ENROLLMENT_KEY", "", "SOLDIER_ENROLLMENT_KEY"},
		{"SOLDIER_ENROLLMENT_KEY_FILE", "/key", "SOLDIER_ENROLLMENT_KEY"},
	} {
		values := map[string]string{"SOLDIER_ENROLLMENT_KEY": "k"}
		values[test.name] = test.value
		_, err := config.Read(environment(values), "")
		var s *config.SettingError
		if !errors.As(err, &s) || s.Name != test.named {
			t.Errorf("%s=%q: got %v", test.name, test.value, err)
		}
	}
	for _, path := range []string{"/empty", "/missing"} {
		_, err := config.Read(environment(map[string]string{"SOLDIER_ENROLLMENT_KEY_FILE": path}), "")
		var s *config.SettingError
		if !errors.As(err, &s) || s.Name != "SOLDIER_ENROLLMENT_KEY_FILE" {
			t.Errorf("%s: got %v", path, err)
		}
	}
}

func TestLibraryErrorsAreNamed(t *testing.T) {
	for _, cfg := range []soldier.Config{
		{ID: "Not A Name", EnrollmentKey: "k"}, {ID: "s", EnrollmentKey: "k", Squads: []string{"!"}},
		{ID: "s", EnrollmentKey: "k", RabbitMQURL: "x"}, {ID: "s", EnrollmentKey: "k", CommanderURLs: []string{"x"}},
	} {
		_, err := soldier.New(cfg)
		var c *soldier.ConfigError
		if !errors.As(err, &c) {
			t.Fatalf("got %v", err)
		}
		var s *config.SettingError
		if named := config.Named(c); !errors.As(named, &s) || strings.Contains(named.Error(), "Config") && s.Name != "RABBITMQ_URL" {
			t.Errorf("got %v", named)
		}
	}
}
