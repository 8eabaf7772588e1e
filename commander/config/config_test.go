package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func lookup(env map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		v, ok := env[name]
		return v, ok
	}
}

func required() map[string]string {
	return map[string]string{
		"COMMANDER_MASTER_SECRET":  strings.Repeat("ab", 32),
		"COMMANDER_ENROLLMENT_KEY": "an enrolment key",
	}
}

func TestFromEnvDefaults(t *testing.T) {
	c, err := FromEnv(lookup(required()))
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8080" || c.RedisURL != "redis://127.0.0.1:6379" || c.Ground != "local" || len(c.MasterSecret) != 32 {
		t.Fatalf("defaults: %+v", c)
	}
}

func TestFromEnvReadsSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("  a key from a file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := required()
	env["COMMANDER_ENROLLMENT_KEY_FILE"] = file
	c, err := FromEnv(lookup(env))
	if err != nil || c.EnrollmentKey != "a key from a file" {
		t.Fatalf("key %q, error %v", c.EnrollmentKey, err)
	}
}

func TestFromEnvReadsURLsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "url")
	if err := os.WriteFile(file, []byte("amqp://user:secret@rabbitmq:5672/\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := required()
	env["RABBITMQ_URL_FILE"] = file
	c, err := FromEnv(lookup(env))
	if err != nil || c.RabbitMQURL != "amqp://user:secret@rabbitmq:5672/" {
		t.Fatalf("error %v", err)
	}
}

func TestFromEnvNamesWhatIsWrong(t *testing.T) {
	tests := []struct{ name, value string }{
		{"COMMANDER_ADDR", "8080"},
		{"COMMANDER_ADDR", "127.0.0.1:99999"},
		{"COMMANDER_ADDR", "0.0.0.0:8080"},
		{"RABBITMQ_URL", "http://127.0.0.1"},
		{"REDIS_URL", "127.0.0.1:6379"},
		{"COMMANDER_MASTER_SECRET", "short"},
		{"COMMANDER_ENROLLMENT_KEY", "short"},
		{"COMMANDER_ENROLLMENT_KEY_FILE", "/does/not/exist"},
		{"COMMANDER_INSECURE", "perhaps"},
		{"MISSION_CONTROL_GROUND", "moon"},
		{"MISSION_CONTROL_GROUND", "embedded"}, // which has no servers: not what reads these settings
		{"LOG_FORMAT", "xml"},
		{"LOG_LEVEL", "loud"},
	}
	for _, tt := range tests {
		t.Run(tt.name+"="+tt.value, func(t *testing.T) {
			env := required()
			env[tt.name] = tt.value
			_, err := FromEnv(lookup(env))
			if err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(tt.name, "_FILE")) {
				t.Fatalf("error %v, want one that names %s", err, tt.name)
			}
		})
	}
}

func TestFromEnvNeverRepeatsAURL(t *testing.T) {
	env := required()
	env["RABBITMQ_URL"] = "http://user:hunter2@127.0.0.1"
	if _, err := FromEnv(lookup(env)); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("error %v shows the password, or there is none", err)
	}
}
