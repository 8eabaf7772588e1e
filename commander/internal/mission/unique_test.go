package mission_test

import (
	"errors"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// over returns a service over so many shards.
func over(t *testing.T, shards int) *mission.Service {
	t.Helper()
	var all []store.Store
	for range shards {
		all = append(all, memstore.New(memstore.Config{EventTimes: true}))
	}
	st, err := shardstore.New(shardstore.Config{Shards: all})
	if err != nil {
		t.Fatal(err)
	}
	return mission.New(mission.Deps{
		Store: st, Dispatcher: silent{}, Observer: silent{}, Now: func() contracts.Time { return contracts.At(time.Now()) },
		Place: st.Place, Apart: shards > 1, Logger: zap.NewNop(), TicketKey: ticketKey, OrderKey: orderKey,
	})
}

func asks(key string) contracts.MissionRequest {
	r := contracts.DefaultMissionRequest()
	r.Name, r.UniqueKey = "n", key
	return r
}

func TestAUniqueKeyIsOneOverAllShards(t *testing.T) {
	for _, shards := range []int{1, 3} {
		s := over(t, shards)
		for _, key := range []string{"a", "b", "c", "d", "e", "f"} {
			idempotency := &store.Idempotency{Key: "key of " + key, BodyHash: "h", TTL: time.Hour}
			first, err := s.Submit(t.Context(), asks(key), idempotency)
			if err != nil {
				t.Fatal(err)
			}
			var taken *mission.TakenError
			if _, err := s.Submit(t.Context(), asks(key), nil); !errors.As(err, &taken) || taken.Holder != first.MissionID || taken.Key != key {
				t.Errorf("%d shards: %v", shards, err)
			}
			if again, err := s.Submit(t.Context(), asks(key), idempotency); err != nil || again.MissionID != first.MissionID {
				t.Errorf("%d shards: the same request again is %s, %v", shards, again.MissionID, err)
			}
			if _, err := s.Cancel(t.Context(), first.MissionID); err != nil {
				t.Fatal(err)
			}
			if again, err := s.Submit(t.Context(), asks(key), idempotency); err != nil || again.MissionID != first.MissionID {
				t.Errorf("%d shards: once it has ended, the same request again is %s, %v", shards, again.MissionID, err)
			}
			if _, err := s.Submit(t.Context(), asks(key), nil); err != nil {
				t.Errorf("%d shards: the key of one that has ended: %v", shards, err)
			}
		}
	}
}

func TestABatchIsRefusedForOneTakenKey(t *testing.T) {
	s := over(t, 1)
	holder, err := s.Submit(t.Context(), asks("a"), nil)
	if err != nil {
		t.Fatal(err)
	}
	var taken *mission.TakenError
	_, err = s.SubmitAll(t.Context(), []contracts.MissionRequest{asks(""), asks("b"), asks("a")}, nil)
	if !errors.As(err, &taken) || !taken.InBatch || taken.Index != 2 || taken.Holder != holder.MissionID {
		t.Errorf("%v", err)
	}
	if _, err := s.Submit(t.Context(), asks("b"), nil); err != nil {
		t.Errorf("one of a batch that was refused: %v", err)
	}
	var invalid *contracts.ValidationError
	_, err = s.SubmitAll(t.Context(), []contracts.MissionRequest{asks("c"), asks(""), asks("c")}, nil)
	if !errors.As(err, &invalid) || len(invalid.Fields) != 1 || invalid.Fields[0].Field != "missions[2].unique_key" {
		t.Errorf("%v", err)
	}
	made, err := s.SubmitAll(t.Context(), []contracts.MissionRequest{asks("c"), asks("d")}, nil)
	if err != nil || made[0].UniqueKey != "c" || made[1].UniqueKey != "d" {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestABatchOverShardsHasNoUniqueKeys(t *testing.T) {
	s := over(t, 3)
	if _, err := s.SubmitAll(t.Context(), []contracts.MissionRequest{asks(""), asks("a")}, nil); !errors.Is(err, mission.ErrApart) {
		t.Errorf("%v", err)
	}
	if _, err := s.SubmitAll(t.Context(), []contracts.MissionRequest{asks(""), asks("")}, nil); err != nil {
		t.Error(err)
	}
}

// TestWhatOrdersByItselfIsToldWhoHasTheKey: a schedule's run, which may be repeated, is not in its own way.
func TestWhatOrdersByItselfIsToldWhoHasTheKey(t *testing.T) {
	s := over(t, 1)
	const first, second = "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5c"
	if _, err := s.SubmitAs(t.Context(), asks("a"), first, "why"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SubmitAs(t.Context(), asks("a"), first, "why"); !errors.Is(err, mission.ErrExists) {
		t.Errorf("%v", err)
	}
	for _, id := range []string{second, ""} {
		var taken *mission.TakenError
		if _, err := s.SubmitAs(t.Context(), asks("a"), id, "why"); !errors.As(err, &taken) || taken.Holder != first {
			t.Errorf("%v", err)
		}
	}
	s = over(t, 3)
	if _, err := s.SubmitAs(t.Context(), asks("a"), first, "why"); !errors.Is(err, mission.ErrApart) {
		t.Errorf("%v", err)
	}
	if _, err := s.SubmitAs(t.Context(), asks("a"), "", "why"); err != nil {
		t.Error(err)
	}
}
