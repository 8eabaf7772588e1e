package secrets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mission-control-dev/mission-control/tools/internal/secrets"
)

func read(t *testing.T, path string) string {
	t.Helper()
	secret, err := secrets.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestSecretsAreMadeOnceAndForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "secrets")
	first, err := secrets.Ensure(dir)
	if err != nil {
		t.Fatal(err)
	}
	paths := []string{first.MasterSecret, first.EnrollmentKey, first.RabbitMQPassword}
	seen := map[string]bool{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		secret := read(t, path)
		if len(secret) != 64 || seen[secret] {
			t.Errorf("%s: %d characters, seen before: %v", path, len(secret), seen[secret])
		}
		seen[secret] = true
	}
	second, err := secrets.Ensure(dir)
	if err != nil || second != first {
		t.Fatalf("%+v, %v", second, err)
	}
	for _, path := range paths {
		if !seen[read(t, path)] {
			t.Errorf("%s was changed", path)
		}
	}
}

func TestAnEmptySecretIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "enrollment-key"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secrets.Ensure(dir); err == nil || !strings.Contains(err.Error(), "enrollment-key is empty") {
		t.Fatalf("got %v", err)
	}
}

func TestTheURLHoldsThePassword(t *testing.T) {
	files, err := secrets.Ensure(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if files, err = secrets.EnsureURL(files, "someone", "rabbitmq:5672"); err != nil {
		t.Fatal(err)
	}
	want := "amqp://someone:" + read(t, files.RabbitMQPassword) + "@rabbitmq:5672/"
	if got := read(t, files.RabbitMQURL); got != want {
		t.Fatalf("got %s", got)
	}
}
