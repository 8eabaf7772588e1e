package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// block returns the first block of a language in a Markdown text that contains a word.
func block(t *testing.T, text, language, word string) string {
	t.Helper()
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(text, -1) {
		if strings.Contains(found[1], word) {
			return found[1]
		}
	}
	t.Fatalf("the README has no %s block with %q", language, word)
	return ""
}

// TestTheHandlerOfTheREADME: what the README says about a soldier of one's own works when it is pasted, word for word but for
// where the folder is, and where commander and RabbitMQ are.
func TestTheHandlerOfTheREADME(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	s := run(t, func(c *localstack.Config) { c.Soldiers = 0 })
	dir := t.TempDir()
	const settings = `RabbitMQURL: os.Getenv("RABBITMQ_URL"),`
	program := block(t, string(text), "go", settings)
	program = strings.Replace(program, settings, settings+` CommanderURLs: []string{"`+s.CommanderURL()+`"},`, 1)
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	// The key and the password are those of this stack, not of the one in the state folder of the person who runs the test.
	key, err := os.ReadFile(s.Secrets().EnrollmentKey)
	if err != nil {
		t.Fatal(err)
	}
	script := "set -eu\n" + block(t, string(text), "sh", "go mod init greeter")
	lines := strings.Split(script, "\n")
	for i, line := range lines {
		switch {
		case strings.HasPrefix(line, "M="):
			lines[i] = "M=" + root
		case strings.HasPrefix(line, "export "):
			lines[i] = ""
		case line == "go run .": // so that a signal reaches the program itself
			lines[i] = "go build -o greeter . && exec ./greeter"
		}
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", strings.Join(lines, "\n"))
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, t.Output(), t.Output()
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=", "RABBITMQ_URL="+s.RabbitMQURL(),
		"SOLDIER_ENROLLMENT_KEY="+strings.TrimSpace(string(key)))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cmd.Wait(); err == nil {
			t.Error("the program ended by itself")
		}
	})

	body := regexp.MustCompile(`-d '(\{"name":"say hello".*?)'`).FindStringSubmatch(string(text))
	if body == nil {
		t.Fatal("the README orders no mission for its handler")
	}
	var order contracts.MissionRequest
	if err := json.Unmarshal([]byte(body[1]), &order); err != nil {
		t.Fatal(err)
	}
	id := s.order(order, client.SubmitOptions{}).MissionID
	if done := s.ends(id, contracts.StatusCompleted); string(done.Result) != `{"Text":"Hello, Ada"}` {
		t.Errorf("its result is %s", done.Result)
	}
}
