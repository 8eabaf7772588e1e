package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
)

// asked is what a shell asks, and what it is told, without the directive at the end.
func asked(t *testing.T, url string, words ...string) string {
	t.Helper()
	t.Setenv("MISSIONCTL_URL", url)
	code, out, errs := runLine(t, append([]string{cobra.ShellCompRequestCmd}, words...)...)
	if code != 0 {
		t.Fatalf("%q: exit code %d, said %q", words, code, errs)
	}
	out, _, _ = strings.Cut("\n"+out, "\n:")
	return strings.TrimPrefix(out, "\n")
}

func TestCompletion(t *testing.T) {
	commander := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/missions":
			fmt.Fprint(w, `{"missions":[{"mission_id":"0193-b","name":"second\tone","status":"FAILED"},
				{"mission_id":"0193-a","name":"first","status":"IN_PROGRESS"},{"mission_id":"0192-z","name":"old","status":"QUEUED"}]}`)
		case "/squads":
			fmt.Fprint(w, `{"squads":[{"name":"default"},{"name":"heavy"}]}`)
		case "/limits":
			fmt.Fprint(w, `{"limits":[{"key":"customer-42"},{"key":"printer"}]}`)
		case "/soldiers":
			fmt.Fprint(w, `{"soldiers":[{"soldier_id":"s-1","state":"live","squads":["default","heavy"],"kinds":["simulate"]},
				{"soldier_id":"s-2","state":"live","draining":true,"squads":["default"],"kinds":["resize","simulate"]},
				{"soldier_id":"s-3","state":"dead","squads":["gone"],"kinds":["gone"]}]}`)
		}
	}))
	defer commander.Close()
	missions := "0193-b\tfailed second one\n0193-a\tin_progress first"
	for _, c := range []struct{ words, want string }{
		{"get 0193", missions},
		{"watch 0193", missions},
		{"cancel 0192", "0192-z\tqueued old"},
		{"retry 05", ""},
		{"get 0193-a 0193", ""},
		{"soldiers drain s-", "s-1\tlive\ns-2\tdraining"},
		{"list --status f", "scheduled\nqueued\nin_progress\ncompleted\nfailed\ncancelled"}, // the shell chooses
		{"limits set c", "customer-42"},
		{"squads pause ", "default\nheavy"},
		{"squads limit h", "heavy"},
		{"list --kind r", "resize"},
		{"submit name --priority h", "high\nnormal\nlow"},
		{"watch --squad h", "heavy"},
		{"watch --kind ", "resize\nsimulate"},
		{"list -o j", "table\njson"},
		{"completion z", "zsh"},
		{"set-aside r", "resend\tSend messages again to the queue that they came from"},
	} {
		words := strings.Split(c.words, " ")
		if got := asked(t, commander.URL, words...); got != c.want {
			t.Errorf("%q: got %q, want %q", c.words, got, c.want)
		}
	}
}

// TestCompletionOfADeadCommander is nothing, and no error on the prompt; one that hangs costs a second.
func TestCompletionOfADeadCommander(t *testing.T) {
	if got := asked(t, "http://127.0.0.1:1", "get", ""); got != "" {
		t.Errorf("got %q", got)
	}
	if got := asked(t, "nonsense", "get", ""); got != "" {
		t.Errorf("got %q", got)
	}
	var given time.Duration
	conn := &connection{url: "http://127.0.0.1:1"}
	conn.ask(func(ctx context.Context, _ *client.Client) ([]string, error) {
		end, _ := ctx.Deadline()
		given = time.Until(end)
		return nil, nil
	})(&cobra.Command{}, nil, "")
	if given <= 0 || given > patience {
		t.Errorf("a commander gets %s", given)
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		code, out, _ := runLine(t, "completion", shell)
		if code != 0 || !strings.Contains(out, cobra.ShellCompRequestCmd) {
			t.Errorf("%s: exit code %d, %d bytes", shell, code, len(out))
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			continue // whoever has the shell checks its syntax
		}
		check := exec.Command(path, "-n")
		check.Stdin = strings.NewReader(out)
		if said, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s -n: %v, %s", shell, err, said)
		}
	}
}
