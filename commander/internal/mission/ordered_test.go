package mission_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// TestAMissionOfAChosenIDIsCreatedOnce, and its history says why it was.
func TestAMissionOfAChosenIDIsCreatedOnce(t *testing.T) {
	s := memstore.New(memstore.Config{})
	service := mission.New(mission.Deps{
		Store: s, Dispatcher: silent{}, Observer: silent{}, Now: func() contracts.Time { return contracts.At(time.Now()) }, Logger: zap.NewNop(),
		TicketKey: ticketKey, OrderKey: orderKey,
		Place: func(id, _ string) string { return id[:34] + "ab" },
	})
	r := contracts.DefaultMissionRequest()
	r.Name = "n"
	const id = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b"
	m, err := service.SubmitAs(t.Context(), r, id, "because")
	if err != nil || m.MissionID != id || m.Status != contracts.StatusQueued {
		t.Fatal(m, err)
	}
	if _, err := service.SubmitAs(t.Context(), r, id, "because"); !errors.Is(err, mission.ErrExists) {
		t.Errorf("again: %v", err)
	}
	h, err := s.History(t.Context(), id)
	if err != nil || len(h.Lines) != 1 || h.Lines[0].Message != "because" {
		t.Errorf("%+v, %v", h, err)
	}
	other, err := service.SubmitAs(t.Context(), r, "", "because")
	if err != nil || other.MissionID == id || other.MissionID[34:] != "ab" {
		t.Errorf("without an id: %+v, %v", other, err)
	}
}
