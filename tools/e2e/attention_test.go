package e2e

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// needing returns what needs attention now by a code; nil where nothing does.
func (s *stack) needing(code contracts.AttentionCode) *contracts.AttentionItem {
	s.t.Helper()
	a, err := s.Attention(s.t.Context())
	if err != nil {
		s.t.Fatal(err)
	}
	if age := time.Since(a.CheckedAt.Time); age > 5*time.Second {
		s.t.Errorf("what needs attention is %s old", age)
	}
	for i := range a.Items {
		if a.Items[i].Code == code {
			return &a.Items[i]
		}
	}
	return nil
}

// TestWhatNeedsAttentionIsSaidInWords: a squad without soldiers, until one comes; and RabbitMQ, while it is dead.
func TestWhatNeedsAttentionIsSaidInWords(t *testing.T) {
	t.Parallel()
	began := time.Now()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 1 })
	s.eventually(5*time.Second, "nothing needs attention", func() bool {
		a, err := s.Attention(t.Context())
		return err == nil && len(a.Items) == 0
	})

	ids := s.orderFor("mail", 3, "0")
	var found *contracts.AttentionItem
	s.eventually(10*time.Second, "all three are told of", func() bool {
		found = s.needing(contracts.AttentionSquadUnserved)
		return found != nil && found.Count == int64(len(ids))
	})
	if found.ID != "squad_unserved:mail" || found.Squad != "mail" || found.Title != "No soldier serves squad mail" || found.MissionID != ids[0] ||
		!strings.HasPrefix(found.Detail, "3 missions wait") || !strings.Contains(found.Advice, "SOLDIER_SQUADS=mail") || found.Since.Before(began) {
		t.Errorf("%+v", found)
	}
	s.enlist("postman", 1, exec.Command(filepath.Join(binDir, "soldier")), "SOLDIER_SQUADS=mail") //nolint:noctx // ended by enlist
	for _, id := range ids {
		s.ends(id, contracts.StatusCompleted)
	}
	s.eventually(10*time.Second, "the squad is served", func() bool { return s.needing(contracts.AttentionSquadUnserved) == nil })

	killed := time.Now()
	if err := s.Part(localstack.RabbitMQ).KillAndHold(); err != nil {
		t.Fatal(err)
	}
	s.eventually(10*time.Second, "RabbitMQ is told to be away", func() bool {
		found = s.needing(contracts.AttentionRabbitMQAway)
		return found != nil
	})
	if since := found.Since; since.Before(killed.Truncate(time.Millisecond)) || time.Since(since.Time) > 15*time.Second || found.Severity != contracts.SeverityCritical {
		t.Errorf("killed at %v: %+v", killed, found)
	}
	h, err := s.Health(t.Context())
	if err != nil || !h.Checks["rabbitmq"].Since.Equal(found.Since.Time) {
		t.Errorf("health %+v, %v", h, err)
	}
	if err := s.Part(localstack.RabbitMQ).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.awaitOK()
	s.eventually(10*time.Second, "RabbitMQ is back", func() bool { return s.needing(contracts.AttentionRabbitMQAway) == nil })
	t.Logf("%s in all", time.Since(began).Round(time.Second))
}
