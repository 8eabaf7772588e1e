package e2e

import (
	"errors"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// TestASoldierIsAskedToDrain: it finishes what it runs, leaves the rest to others, and its process ends well.
func TestASoldierIsAskedToDrain(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 0 })
	start := func(id string) *soldierProcess {
		return s.enlist(id, 1, exec.Command(filepath.Join(binDir, "soldier")), "SOLDIER_DRAIN_TIMEOUT=60s") //nolint:noctx // ended by enlist
	}
	drained := start("drained")
	long := s.submit("long", "12")
	s.inProgress(long, drained.id)
	var waiting []string
	for range 3 {
		waiting = append(waiting, s.submit("waits", "0"))
	}

	got, err := s.Drain(t.Context(), drained.id)
	if err != nil || got.SoldierID != drained.id || got.State != client.SoldierLive || !got.Draining {
		t.Fatalf("%+v, %v", got, err)
	}
	other := start("other")
	for _, id := range waiting {
		if m := s.ends(id, contracts.StatusCompleted); m.SoldierID != other.id || m.Run != 1 {
			t.Errorf("what waited was carried out by %s in run %d", m.SoldierID, m.Run)
		}
	}
	s.inProgress(long, drained.id)
	if m := s.ends(long, contracts.StatusCompleted); m.SoldierID != drained.id || m.Run != 1 {
		t.Errorf("what ran was carried out by %s in run %d", m.SoldierID, m.Run)
	}
	if code := drained.ends(15 * time.Second); code != 0 {
		t.Errorf("exit code %d", code)
	}
	fleet, err := s.Soldiers(t.Context())
	if err != nil || len(fleet.Soldiers) != 2 || !fleet.Soldiers[0].Draining || fleet.Soldiers[1].Draining {
		t.Errorf("fleet %+v, %v", fleet.Soldiers, err)
	}
	_, err = s.Drain(t.Context(), "nobody")
	if p, ok := errors.AsType[*client.Problem](err); !ok || p.Status != http.StatusNotFound {
		t.Errorf("a soldier that there isn't: %v", err)
	}
	s.nothingRefused(append(waiting, long))
}

// TestTheWishToDrainOutlivesACommander: the soldier is away from the broker, and so from its inbox, while it is asked, and that
// commander dies.
func TestTheWishToDrainOutlivesACommander(t *testing.T) {
	t.Parallel()
	s := run(t, func(c *localstack.Config) { c.Soldiers = 0 })
	n := s.enlist("away", 1, exec.Command(filepath.Join(binDir, "soldier"))) //nolint:noctx // ended by enlist
	if err := s.Part(localstack.RabbitMQ).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Drain(t.Context(), n.id); err != nil {
		t.Fatal(err)
	}
	if err := s.Part(localstack.Commander).Kill(); err != nil {
		t.Fatal(err)
	}
	if code := n.ends(time.Minute); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if err := s.Part(localstack.RabbitMQ).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.awaitOK()
}
