package mission_test

import (
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// TestWhatIsOneStepLiesTogether: a mission with its idempotency key, the missions of a batch; all others anywhere.
func TestWhatIsOneStepLiesTogether(t *testing.T) {
	var words []string
	s := mission.New(mission.Deps{
		Store: memstore.New(memstore.Config{}), Dispatcher: silent{}, Observer: silent{}, Now: func() contracts.Time { return contracts.At(time.Now()) }, Logger: zap.NewNop(),
		TicketKey: ticketKey, OrderKey: orderKey,
		Place: func(id, with string) string {
			words = append(words, with)
			return id[:34] + "ab"
		},
	})
	r := contracts.DefaultMissionRequest()
	r.Name = "n"
	key := func(k string) *store.Idempotency { return &store.Idempotency{Key: k, BodyHash: "h", TTL: 1e9} }
	for name, submit := range map[string]func() ([]contracts.Mission, error){
		"": func() ([]contracts.Mission, error) {
			m, err := s.Submit(t.Context(), r, nil)
			return []contracts.Mission{m}, err
		},
		"a key": func() ([]contracts.Mission, error) {
			m, err := s.Submit(t.Context(), r, key("a key"))
			return []contracts.Mission{m}, err
		},
		"a batch's": func() ([]contracts.Mission, error) {
			return s.SubmitAll(t.Context(), []contracts.MissionRequest{r}, key("a batch's"))
		},
	} {
		words = nil
		made, err := submit()
		if err != nil {
			t.Fatal(err)
		}
		if len(words) != 1 || words[0] != name || made[0].MissionID[34:] != "ab" {
			t.Errorf("%q: placed with %q as %s", name, words, made[0].MissionID)
		}
	}
	words = nil
	if _, err := s.SubmitAll(t.Context(), []contracts.MissionRequest{r, r, r}, nil); err != nil {
		t.Fatal(err)
	}
	if len(words) != 3 || words[0] == "" || words[1] != words[0] || words[2] != words[0] {
		t.Errorf("a batch is placed with %q", words)
	}
}

// silent dispatches and counts nothing.
type silent struct{}

func (silent) Dispatch(store.Record, int64)    {}
func (silent) Accepted()                       {}
func (silent) Retried()                        {}
func (silent) Claimed(contracts.AnswerType)    {}
func (silent) Recorded(contracts.UpdateStatus) {}
func (silent) Refused(string)                  {}
func (silent) Ended(contracts.Status)          {}
