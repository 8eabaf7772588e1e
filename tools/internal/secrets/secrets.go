// Package secrets makes the secrets of a stack at its first start and finds them again at the next ones.
//
// Each is a file of its own, readable by its owner alone, holding 32 random bytes in hexadecimal. A file that exists
// is never changed: whoever wants new secrets removes the folder together with the stack's data, because RabbitMQ
// keeps the password that it was first started with.
package secrets

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files are the paths of a stack's secrets.
type Files struct {
	// MasterSecret is what commanders derive their keys from (COMMANDER_MASTER_SECRET_FILE).
	MasterSecret string
	// EnrollmentKey is what soldiers show to get their first token, and what the commander compares it with
	// (SOLDIER_ENROLLMENT_KEY_FILE, COMMANDER_ENROLLMENT_KEY_FILE).
	EnrollmentKey string
	// RabbitMQPassword is the password of the stack's RabbitMQ user.
	RabbitMQPassword string
	// RabbitMQURL is a whole URL with that password (RABBITMQ_URL_FILE); empty where none was asked for.
	RabbitMQURL string
}

const secretBytes = 32

// Ensure makes what is missing in the folder (mode 0700, files 0600) and returns the paths. An empty file is an
// error: it may be the rest of an interrupted write, and a secret must not silently become another.
func Ensure(dir string) (Files, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return Files{}, fmt.Errorf("making the folder of secrets: %w", err)
	}
	files := Files{
		MasterSecret:     filepath.Join(dir, "commander-master-secret"),
		EnrollmentKey:    filepath.Join(dir, "enrollment-key"),
		RabbitMQPassword: filepath.Join(dir, "rabbitmq-password"),
	}
	for _, path := range []string{files.MasterSecret, files.EnrollmentKey, files.RabbitMQPassword} {
		if err := ensure(path, random); err != nil {
			return Files{}, err
		}
	}
	return files, nil
}

// EnsureURL adds RabbitMQURL: the URL's user info is the given user with the password of the folder.
func EnsureURL(files Files, user, hostPort string) (Files, error) {
	password, err := Read(files.RabbitMQPassword)
	if err != nil {
		return files, err
	}
	files.RabbitMQURL = filepath.Join(filepath.Dir(files.RabbitMQPassword), "rabbitmq-url")
	url := func() (string, error) { return "amqp://" + user + ":" + password + "@" + hostPort + "/", nil }
	return files, ensure(files.RabbitMQURL, url)
}

// Read returns a secret without surrounding white space.
func Read(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading a secret: %w", err)
	}
	return strings.TrimSpace(string(content)), nil
}

func random() (string, error) {
	b := make([]byte, secretBytes)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("making a secret: %w", err)
	}
	return hex.EncodeToString(b), nil
}

func ensure(path string, content func() (string, error)) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.Size() == 0:
		return fmt.Errorf("the secret %s is empty: remove the file, or start anew with --fresh", path)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("looking for a secret: %w", err)
	}
	text, err := content()
	if err != nil {
		return err
	}
	// Written whole under another name first, so that an interrupted run leaves no half secret.
	unfinished := path + ".new"
	if err := os.WriteFile(unfinished, []byte(text+"\n"), 0o600); err != nil {
		return fmt.Errorf("writing a secret: %w", err)
	}
	if err := os.Rename(unfinished, path); err != nil {
		return fmt.Errorf("writing a secret: %w", err)
	}
	return nil
}
