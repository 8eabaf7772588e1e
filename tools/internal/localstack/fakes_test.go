package localstack_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
)

// The test binary plays our programs, under their names; the servers are real.
func TestMain(m *testing.M) {
	switch filepath.Base(os.Args[0]) {
	case "commander":
		serve(os.Getenv("COMMANDER_ADDR"))
	case "dashboard":
		serve(os.Getenv("DASHBOARD_ADDR"))
	case "soldier":
		work()
	default:
		os.Exit(m.Run())
	}
}

// bin makes a folder with the programs.
func bin(t *testing.T) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, name := range []string{"commander", "soldier", "dashboard"} {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func serve(addr string) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var asked atomic.Int32
	http.HandleFunc("/health", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) <= unwellFor {
			fmt.Fprint(w, `{"status":"down"}`)
			return
		}
		fmt.Fprint(w, `{"status":"ok"}`)
	})
	http.HandleFunc("/queues", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, asked.Load() > unwellFor) })
	http.HandleFunc("/soldiers", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"soldiers":[{"soldier_id":"soldier-1","state":"live"},{"soldier_id":"soldier-2","state":"live"}]}`)
	})
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("2026-01-02T03:04:05.000Z\tinfo\tserving\t{}")
	fmt.Println("2026-01-02T03:04:05.000Z\twarn\ta warning\t{}")
	go func() { _ = http.Serve(listener, nil) }()
	<-ctx.Done()
}

// unwellFor is how many questions for its health the commander answers with "down".
const unwellFor = 3

// queues says whether the commander had become well, as "true" or "false".
func queues() string {
	answer, err := http.Get(os.Getenv("COMMANDER_URL") + "/queues")
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		return err.Error()
	}
	return string(body)
}

// work says in the journal who it is, which secrets it was given, and whether the commander was well before.
func work() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	key, err := os.ReadFile(os.Getenv("SOLDIER_ENROLLMENT_KEY_FILE"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	line := fmt.Sprintf("%s %v %d %s %s well:%s\n", os.Getenv("SOLDIER_ID"), os.Args, len(key), os.Getenv("MASTER"),
		os.Getenv("COMMANDER_MASTER_SECRET_FILE"), queues())
	if err := os.WriteFile(os.Getenv("SOLDIER_JOURNAL"), []byte(line), 0o600); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	<-ctx.Done()
}
