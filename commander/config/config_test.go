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
	if c.Addr != "127.0.0.1:8080" || c.RedisURL != "redis://127.0.0.1:6379" || c.Ground != "local" || c.OrdersWindow != 100_000 || len(c.MasterSecret) != 32 {
		t.Fatalf("defaults: %+v", c)
	}
}

func TestFromEnvReadsSecretsFromFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte("  a key from a file \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := required()
	delete(env, "COMMANDER_ENROLLMENT_KEY")
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
		{"COMMANDER_API_KEY_FILE", "/does/not/exist"},
		{"COMMANDER_API_KEY_FILE", "/dev/null"},
		{"COMMANDER_INSECURE", "perhaps"},
		{"MISSION_CONTROL_GROUND", "moon"},
		{"MISSION_CONTROL_GROUND", "embedded"}, // which has no servers: not what reads these settings
		{"COMMANDER_ORDERS_WINDOW", "0"},
		{"COMMANDER_ORDERS_WINDOW", "10000001"},
		{"COMMANDER_ORDERS_WINDOW", "many"},
		{"COMMANDER_REDIS_SHARDS", "0"},
		{"COMMANDER_REDIS_SHARDS", "65"},
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

func TestFromEnvRefusesValueAndFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "value")
	if err := os.WriteFile(file, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"RABBITMQ_URL": "amqp://127.0.0.1", "REDIS_URL": "redis://127.0.0.1", "COMMANDER_API_KEY": "a key",
		"COMMANDER_MASTER_SECRET": strings.Repeat("ab", 32), "COMMANDER_ENROLLMENT_KEY": "an enrolment key",
	} {
		env := required()
		env[name], env[name+"_FILE"] = value, file
		_, err := FromEnv(lookup(env))
		if want := name + " and " + name + "_FILE are both set; set one of them"; err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}

func TestMasterSecretKeepsItsLength(t *testing.T) {
	for text, want := range map[string]int{
		strings.Repeat("0f", 32):            32, // as missionctl secrets and openssl rand -hex 32 write it
		strings.Repeat("0F", 48):            48,
		strings.Repeat("0f", 20):            40,
		strings.Repeat("0", 65):             65,
		strings.Repeat("word", 10):          40, // base64 by chance
		strings.Repeat("AAAA", 10) + "AA==": 44,
		strings.Repeat("not hex ", 8) + ".": 65,
	} {
		env := required()
		env["COMMANDER_MASTER_SECRET"] = text
		c, err := FromEnv(lookup(env))
		if err != nil || len(c.MasterSecret) != want {
			t.Errorf("%q gave %d bytes, want %d; error %v", text, len(c.MasterSecret), want, err)
		}
	}
}

func TestFromEnvNeverRepeatsAURL(t *testing.T) {
	env := required()
	env["RABBITMQ_URL"] = "http://user:hunter2@127.0.0.1"
	if _, err := FromEnv(lookup(env)); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("error %v shows the password, or there is none", err)
	}
}
