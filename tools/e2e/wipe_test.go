package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// redis sends Redis a command, and returns the first line of the answer.
func (s *stack) redis(command string) string {
	s.t.Helper()
	at, err := url.Parse(s.RedisURL())
	if err != nil {
		s.t.Fatal(err)
	}
	c, err := net.DialTimeout("tcp", at.Host, 5*time.Second)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.WriteString(c, command+"\r\n"); err != nil {
		s.t.Fatal(err)
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	if err != nil {
		s.t.Fatalf("%s: %q, %v", command, answer, err)
	}
	return strings.TrimSpace(answer)
}

// flush drops all that Redis has.
func (s *stack) flush() {
	s.t.Helper()
	if answer := s.redis("FLUSHALL"); answer != "+OK" {
		s.t.Fatalf("FLUSHALL: %q", answer)
	}
}

// starts is how often a mission was started, as the soldiers' journals say.
func (s *stack) starts(id string) int {
	s.t.Helper()
	book, err := journal.Read(s.JournalDir(), time.Time{}, func(m string) bool { return m == id })
	if err != nil {
		s.t.Fatal(err)
	}
	return len(book.Executions)
}

func (s *stack) redisWarning() string {
	s.t.Helper()
	h, err := s.Health(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	return h.Checks["redis"].Warning
}

// comesBack waits until the mission ended COMPLETED, whether Redis knows it yet or not.
func (s *stack) comesBack(id string) client.Mission {
	s.t.Helper()
	var m client.Mission
	s.eventually(2*time.Minute, "mission "+id+" is back and COMPLETED", func() bool {
		var err error
		m, err = s.Get(s.t.Context(), id)
		return err == nil && !m.Degraded && m.Status == contracts.StatusCompleted
	})
	return m
}

func TestRedisIsFlushedWhileMissionsWaitAndRun(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	b := s.stranger()
	if w := s.redisWarning(); w != "" {
		t.Errorf("a new installation warns: %s", w)
	}
	var resets atomic.Int32
	ctx, cancel := context.WithCancel(t.Context())
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		for e, err := range s.Events(ctx, client.EventsOptions{}) {
			if err == nil && e.Type == client.EventReset {
				resets.Add(1)
			}
		}
	}()
	defer func() { cancel(); <-followed }()
	ended := s.submit("ended before", "0")
	s.ends(ended, contracts.StatusCompleted)
	var all []string
	for i := range 16 {
		all = append(all, s.submit(fmt.Sprintf("runs %d", i), "6"))
	}
	s.eventually(30*time.Second, "all slots are taken", func() bool {
		st, err := s.Stats(t.Context())
		return err == nil && st.Counts[contracts.StatusInProgress] == 16
	})
	for i := range 12 {
		all = append(all, s.submit(fmt.Sprintf("waits %d", i), "1"))
	}
	s.eventually(30*time.Second, "their orders wait at the broker", func() bool {
		d, err := b.Depth(t.Context(), topology.Orders)
		return err == nil && d.Ready == 12
	})
	before := resets.Load()

	s.flush()
	for _, id := range all {
		if m := s.comesBack(id); m.Losses != 0 || m.Attempt != 1 {
			t.Errorf("%+v", m.Mission)
		}
		if n := s.starts(id); n != 1 {
			t.Errorf("mission %s was started %d times", id, n)
		}
	}
	if m, err := s.Get(t.Context(), ended); err == nil {
		t.Errorf("what had ended is there: %+v", m.Mission)
	}
	if d, err := b.Depth(t.Context(), topology.StatusRefused); err != nil || d.Ready != 0 {
		t.Errorf("%d messages set aside, %v", d.Ready, err)
	}
	s.eventually(10*time.Second, "the stream of events says reset", func() bool { return resets.Load() > before })
	s.eventually(10*time.Second, "health says so", func() bool {
		return strings.Contains(s.redisWarning(), "wiped") && strings.Contains(s.redisWarning(), "28 that waited or ran were adopted")
	})
}

func TestARestartedCommanderSeesNoWipe(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	id := s.submit("before the restart", "0")
	s.ends(id, contracts.StatusCompleted)
	if err := s.Part(localstack.Commander).Kill(); err != nil { // it is started again
		t.Fatal(err)
	}
	s.awaitOK()
	s.ends(s.submit("after it", "0"), contracts.StatusCompleted)
	if m, err := s.Get(t.Context(), id); err != nil || m.Run != 1 {
		t.Errorf("%+v, %v", m.Mission, err)
	}
	if w := s.redisWarning(); w != "" {
		t.Errorf("health warns: %s", w)
	}
}

// TestRedisLosesItsTail cuts Redis' file back to before a grant, and the session that has it. The final's ticket proves it.
func TestRedisLosesItsTail(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	soldier, redis := s.Part(localstack.SoldierName(1)), s.Part(localstack.Redis)
	if err := soldier.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	id := s.submit("its grant is lost", "5")
	b := s.stranger()
	s.eventually(30*time.Second, "its order waits", func() bool {
		d, err := b.Depth(t.Context(), topology.Orders)
		return err == nil && d.Ready == 1
	})
	files, err := filepath.Glob(filepath.Join(filepath.Dir(s.LogDir()), "redis", "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	info, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := soldier.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually(30*time.Second, "in progress", func() bool {
		m, err := s.Get(t.Context(), id)
		return err == nil && m.Status == contracts.StatusInProgress
	})
	if err := redis.KillAndHold(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(files[0], info.Size()); err != nil {
		t.Fatal(err)
	}
	if err := redis.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if m := s.comesBack(id); m.Run != 1 || m.Losses != 0 {
		t.Errorf("%+v", m.Mission)
	}
	if n := s.starts(id); n != 1 {
		t.Errorf("started %d times", n)
	}
	h, err := s.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	lost := false
	for _, l := range h.Lines {
		lost = lost || l.Cause == contracts.CauseGranted && strings.Contains(l.Message, "the store had lost it")
	}
	if !lost {
		t.Errorf("history %+v", h.Lines)
	}
	if w := s.redisWarning(); strings.Contains(w, "wiped") {
		t.Errorf("a lost tail is no wipe: %s", w)
	}
}
