package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// nodeSoldierDir is the example that speaks the protocol in another language.
const nodeSoldierDir = "../../examples/node-soldier"

// soldierProcess is a running soldier that no supervisor looks after.
type soldierProcess struct {
	t    *testing.T
	id   string
	cmd  *exec.Cmd
	done chan struct{} // closed once the process has ended

	mu  sync.Mutex
	out bytes.Buffer
}

// Write takes the process's log.
func (n *soldierProcess) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.out.Write(p)
}

func (n *soldierProcess) log() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.out.String()
}

// needNode skips the test where Node or the example's packages are missing.
func needNode(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat(filepath.Join(nodeSoldierDir, "node_modules", "amqplib"))
	}
	if err != nil {
		err = fmt.Errorf("the soldier in Node needs Node 20 and its packages, get them with ./task deps:examples: %w", err)
	}
	need(t, err)
}

// runNodeSoldiersOnly makes a stack without soldiers of ours.
func runNodeSoldiersOnly(t *testing.T, change func(*localstack.Config)) *stack {
	t.Helper()
	needNode(t)
	return run(t, func(c *localstack.Config) {
		c.Soldiers = 0
		if change != nil {
			change(c)
		}
	})
}

// startNode starts a soldier in Node, and waits until the commander knows it. env comes last, and so counts.
func (s *stack) startNode(id string, slots int, env ...string) *soldierProcess {
	s.t.Helper()
	node := exec.Command("node", "src/main.mjs") //nolint:noctx // ended by enlist, by a signal
	node.Dir = nodeSoldierDir
	return s.enlist(id, slots, node, append([]string{"SOLDIER_DRAIN_SECONDS=1"}, env...)...)
}

// enlist starts a soldier's program, and waits until the commander knows it. env comes last, and so counts.
func (s *stack) enlist(id string, slots int, program *exec.Cmd, env ...string) *soldierProcess {
	s.t.Helper()
	n := &soldierProcess{t: s.t, id: id, cmd: program, done: make(chan struct{})}
	n.cmd.Stderr = n
	n.cmd.Env = append(os.Environ(),
		"SOLDIER_ID="+id, "SOLDIER_SLOTS="+strconv.Itoa(slots),
		"COMMANDER_URL="+s.CommanderURL(), "RABBITMQ_URL="+s.RabbitMQURL(),
		"SOLDIER_ENROLLMENT_KEY_FILE="+s.Secrets().EnrollmentKey,
	)
	n.cmd.Env = append(n.cmd.Env, env...)
	if err := n.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { _ = n.cmd.Wait(); close(n.done) }()
	s.t.Cleanup(func() {
		_ = n.cmd.Process.Kill()
		<-n.done
		if s.t.Failed() {
			s.t.Logf("log of %s:\n%s", id, n.log())
		}
	})
	s.eventually(30*time.Second, id+" in the fleet", func() bool {
		fleet, err := s.Soldiers(s.t.Context())
		if err != nil {
			return false
		}
		for _, x := range fleet.Soldiers {
			if x.SoldierID == id && x.State == "live" {
				return true
			}
		}
		return false
	})
	return n
}

// ends waits until the process has ended, and returns its exit code; -1 where a signal ended it.
func (n *soldierProcess) ends(within time.Duration) int {
	n.t.Helper()
	select {
	case <-n.done:
		return n.cmd.ProcessState.ExitCode()
	case <-time.After(within):
		n.t.Fatalf("%s has not ended within %v", n.id, within)
		return 0
	}
}

// echo orders a mission that only soldiers in Node serve.
func (s *stack) echo(name, payload string) string {
	s.t.Helper()
	m, err := s.Submit(s.t.Context(), contracts.MissionRequest{
		Name: name, Kind: "echo", Payload: json.RawMessage(payload),
	}, client.SubmitOptions{})
	if err != nil {
		s.t.Fatal(err)
	}
	return m.MissionID
}

func (s *stack) inProgress(id, soldier string) {
	s.t.Helper()
	s.eventually(30*time.Second, id+" in progress at "+soldier, func() bool {
		m, err := s.Get(s.t.Context(), id)
		return err == nil && m.Status == contracts.StatusInProgress && m.SoldierID == soldier
	})
}

// nothingRefused wants no refused update in the histories, and none set aside. expected are the causes of refused claims
// that are everyday life where orders are delivered again.
func (s *stack) nothingRefused(ids []string, expected ...contracts.Cause) {
	s.t.Helper()
	for _, id := range ids {
		h, err := s.History(s.t.Context(), id)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, l := range h.Lines {
			claim := l.Status == contracts.StatusInProgress && slices.Contains(expected, l.Cause)
			if l.Refused && !claim {
				s.t.Errorf("refused of %s: %+v", id, l)
			}
		}
	}
	d, err := s.stranger().Depth(s.t.Context(), topology.StatusRefused)
	if err != nil || d.Ready > 0 {
		s.t.Errorf("%d messages in %s: %v", d.Ready, topology.StatusRefused, err)
	}
}

func TestNodeSoldierCarriesMissionsOut(t *testing.T) {
	t.Parallel()
	s := runNodeSoldiersOnly(t, nil)
	n := s.startNode("node-1", 4)

	var ids []string
	for i := range 40 { // ten times its slots
		ids = append(ids, s.echo(fmt.Sprint("echo ", i), fmt.Sprintf(`{"text":"<%d> é","seconds":0.05}`, i)))
	}
	for i, id := range ids {
		m := s.ends(id, contracts.StatusCompleted)
		var result struct {
			Text string
			Run  int
		}
		if err := json.Unmarshal(m.Result, &result); err != nil || result.Text != fmt.Sprintf("<%d> é", i) || result.Run != 1 {
			t.Errorf("mission %d gave %s (%v)", i, m.Result, err)
		}
	}
	fails := s.echo("fails", `{"fail":"no such cover"}`)
	if m := s.ends(fails, contracts.StatusFailed); m.Error.Code != "asked_to_fail" || m.Error.Message != "no such cover" {
		t.Errorf("error %+v", m.Error)
	}
	// The largest payload comes back with the run beside it, which is more than a result may be.
	tooLarge := s.echo("a result that is too large", `{"text":"`+strings.Repeat("x", contracts.MaxPayloadSize-len(`{"text":""}`))+`"}`)
	if m := s.ends(tooLarge, contracts.StatusFailed); m.Error.Code != contracts.ErrorCodeResultTooBig {
		t.Errorf("error %+v", m.Error)
	}
	large := s.echo("a large result", `{"text":"`+strings.Repeat("x", contracts.MaxPayloadSize-100)+`"}`)
	if m := s.ends(large, contracts.StatusCompleted); len(m.Result) < contracts.MaxPayloadSize-100 {
		t.Errorf("the result came back with %d bytes", len(m.Result))
	}
	ids = append(ids, fails, large, tooLarge)

	late, err := s.Submit(t.Context(), contracts.MissionRequest{
		Name: "over its time", Kind: "echo", Payload: json.RawMessage(`{"seconds":600}`), TimeoutSeconds: 1,
	}, client.SubmitOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if m := s.ends(late.MissionID, contracts.StatusFailed); m.Error.Code != contracts.ErrorCodeTimeout {
		t.Errorf("error %+v", m.Error)
	}
	cancelled := s.echo("cancelled", `{"seconds":600}`)
	s.inProgress(cancelled, n.id)
	if _, err := s.Cancel(t.Context(), cancelled); err != nil {
		t.Fatal(err)
	}
	s.ends(cancelled, contracts.StatusCancelled)
	stranger := s.submit("of a kind that it does not serve", "0")
	s.eventually(10*time.Second, "a reason why it waits", func() bool {
		m, err := s.Get(t.Context(), stranger)
		return err == nil && m.Status == contracts.StatusQueued && strings.Contains(m.StatusReason, "no handler")
	})
	if _, err := s.Cancel(t.Context(), stranger); err != nil {
		t.Fatal(err)
	}

	handedBack := s.echo("handed back", `{"seconds":600}`)
	s.inProgress(handedBack, n.id)
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := n.ends(15 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	m, err := s.Get(t.Context(), handedBack)
	if err != nil {
		t.Fatal(err)
	}
	if m.Status != contracts.StatusQueued || m.Attempt != 1 || m.Run != 1 || m.Losses != 0 {
		t.Errorf("after the drain: %+v", m.Mission)
	}
	s.nothingRefused(append(ids, late.MissionID, cancelled, handedBack))
}

// TestNodeSoldierKilled: what a killed one worked on is carried out by the next.
func TestNodeSoldierIsAskedToDrain(t *testing.T) {
	t.Parallel()
	s := runNodeSoldiersOnly(t, nil)
	n := s.startNode("node-drained", 1, "SOLDIER_DRAIN_SECONDS=60")
	runs, waits := s.echo("runs", `{"seconds":5}`), s.echo("waits", `{}`)
	s.inProgress(runs, n.id)
	if _, err := s.Drain(t.Context(), n.id); err != nil {
		t.Fatal(err)
	}
	if code := n.ends(20 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	s.ends(runs, contracts.StatusCompleted)
	if m, err := s.Get(t.Context(), waits); err != nil || m.Status != contracts.StatusQueued || m.Run != 0 {
		t.Errorf("what waited: %+v, %v", m.Mission, err)
	}
	s.nothingRefused([]string{runs, waits})
}

func TestNodeSoldierKilled(t *testing.T) {
	t.Parallel()
	s := runNodeSoldiersOnly(t, nil)
	first := s.startNode("node-1", 2)
	running := []string{s.echo("a", `{"text":"a","seconds":3}`), s.echo("b", `{"text":"b","seconds":3}`)}
	for _, id := range running {
		s.inProgress(id, first.id)
	}
	waiting := s.echo("c", `{"text":"c"}`)
	if err := first.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.ends(10 * time.Second)
	second := s.startNode("node-2", 4)
	for _, id := range running {
		m := s.ends(id, contracts.StatusCompleted)
		if m.Run != 2 || m.Losses != 1 || m.Attempt != 1 || m.SoldierID != second.id {
			t.Errorf("run again as %+v", m.Mission)
		}
	}
	if m := s.ends(waiting, contracts.StatusCompleted); m.Run != 1 || m.Losses != 0 {
		t.Errorf("what only waited became %+v", m.Mission)
	}
	// The second one got the orders while the first still held the missions.
	s.nothingRefused(append(running, waiting), "held")
}

// TestNodeSoldierOutlivesOutages: RabbitMQ, Redis and the commander go and come back while it works.
func TestNodeSoldierOutlivesOutages(t *testing.T) {
	t.Parallel()
	s := runNodeSoldiersOnly(t, nil)
	n := s.startNode("node-1", 4)
	for _, part := range []string{localstack.RabbitMQ, localstack.Redis, localstack.Commander} {
		long := s.echo("through an outage of "+part, `{"seconds":4,"text":"`+part+`"}`)
		s.inProgress(long, n.id)
		if err := s.Part(part).Stop(t.Context()); err != nil {
			t.Fatalf("stop %s: %v", part, err)
		}
		wait(t.Context(), 6*time.Second) // its end falls into the outage
		if err := s.Part(part).Start(t.Context()); err != nil {
			t.Fatalf("start %s: %v", part, err)
		}
		if m := s.ends(long, contracts.StatusCompleted); m.Run != 1 || m.Losses != 0 {
			t.Errorf("%s: %+v", part, m.Mission)
		}
		after := s.echoOnce("after an outage of "+part, `{}`)
		s.ends(after, contracts.StatusCompleted)
		s.nothingRefused([]string{long, after}, "held", "terminal")
	}
	select {
	case <-n.done:
		t.Error("it has ended")
	default:
	}
}

// TestNodeSoldierWithoutTokens: a mission longer than tokens, leases and the time after which its order is acked, during
// which no token is to be had for 55 s: the lease is renewed over the broker.
func TestNodeSoldierWithoutTokens(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes 75 seconds")
	}
	gate := newGate(t)
	s := runNodeSoldiersOnly(t, nil)
	gate.before(s)
	n := s.startNode("node-1", 1, "COMMANDER_URL="+gate.url)
	long := s.echo("long", `{"seconds":70}`)
	s.inProgress(long, n.id)
	next := s.echo("next", `{}`)
	gate.blocked.Store(true)
	wait(t.Context(), 55*time.Second)
	gate.blocked.Store(false)
	if gate.turnedAway.Load() == 0 {
		t.Fatal("no renewal was turned away: nothing was tested")
	}
	for _, id := range []string{long, next} {
		if m := s.ends(id, contracts.StatusCompleted); m.Run != 1 || m.Losses != 0 {
			t.Errorf("%+v", m.Mission)
		}
	}
	s.nothingRefused([]string{long, next})
}

// echoOnce orders a mission however long the commander takes to have its servers back.
func (s *stack) echoOnce(name, payload string) string {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	for {
		m, err := s.Submit(ctx, contracts.MissionRequest{Name: name, Kind: "echo", Payload: json.RawMessage(payload)},
			client.SubmitOptions{IdempotencyKey: strings.ReplaceAll(name, " ", "-")})
		if err == nil {
			return m.MissionID
		}
		if !client.Temporary(err) || errors.Is(err, ctx.Err()) {
			s.t.Fatal(err)
		}
		wait(ctx, 200*time.Millisecond)
	}
}

// TestNodeSoldierShowsWhatItHas: Redis is flushed while it works, and everything goes on.
func TestNodeSoldierShowsWhatItHas(t *testing.T) {
	t.Parallel()
	s := runNodeSoldiersOnly(t, nil)
	n := s.startNode("node-1", 2)
	running := []string{s.echo("a", `{"text":"a","seconds":3}`), s.echo("b", `{"text":"b","seconds":3}`)}
	for _, id := range running {
		s.inProgress(id, n.id)
	}
	waiting := s.echo("c", `{"text":"c"}`)
	s.flush()
	for _, id := range running {
		if m := s.comesBack(id); m.Run != 1 || m.Name == "" {
			t.Errorf("what ran became %+v", m.Mission)
		}
	}
	if m := s.comesBack(waiting); m.Run != 1001 || string(m.Payload) != `{"text":"c"}` {
		t.Errorf("what waited became %+v", m.Mission)
	}
	s.nothingRefused(append(running, waiting))
}
