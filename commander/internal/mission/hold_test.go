package mission_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// TestAClaimIsHeldBack: the soldier drops the order, the mission is ordered again, and nothing is spent.
func TestAClaimIsHeldBack(t *testing.T) {
	at := contracts.FromMillis
	rec := store.Record{Dispatches: 2, Mission: contracts.Mission{
		MissionID: "m", Squad: "gpu", Status: contracts.StatusQueued, StatusReason: "soldier s has no handler", Attempt: 2, Run: 3, Losses: 1, Version: 9,
	}}
	it := mission.Item{Hold: "squad gpu is paused", Update: contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: "m", Attempt: 2, Execution: "e",
	}}
	d := mission.Decide(rec, it, store.Epoch{}, mission.Keys{}, at(1000))
	if d.Answer.Type != contracts.AnswerRefused || d.Answer.Reason != "held_back" || d.Refused != "" || d.Dispatch != mission.DispatchNow {
		t.Fatalf("%+v", d)
	}
	want := rec
	want.Mission.UpdatedAt = at(1000)
	c := d.Change
	if c.Record.Mission.Version != 9 || c.IfVersion != 9 || c.Due != store.DueSet || c.IfSession != "" {
		t.Errorf("%+v", c)
	}
	if got := c.Record; got.Dispatches != want.Dispatches || got.Execution != "" || got.Mission.Attempt != 2 || got.Mission.Run != 3 || got.Mission.Losses != 1 ||
		got.Mission.Status != contracts.StatusQueued || got.Mission.StatusReason != rec.Mission.StatusReason {
		t.Errorf("%+v", got)
	}
	if len(c.History) != 1 || !strings.Contains(c.History[0].Message, "squad gpu is paused") || c.History[0].Refused {
		t.Errorf("%+v", c.History)
	}
	// What would be refused anyway is refused as ever, and what runs goes on.
	for name, m := range map[string]contracts.Mission{
		"another attempt": {MissionID: "m", Status: contracts.StatusQueued, Attempt: 3, Version: 9},
		"ended":           {MissionID: "m", Status: contracts.StatusCancelled, Attempt: 2, Version: 9},
	} {
		if d := mission.Decide(store.Record{Mission: m}, it, store.Epoch{}, mission.Keys{}, at(1000)); d.Refused == "" || d.Dispatch != mission.NoDispatch {
			t.Errorf("%s: %+v", name, d)
		}
	}
	running := store.Record{Execution: "e", Session: "s", Mission: contracts.Mission{MissionID: "m", Status: contracts.StatusInProgress, Attempt: 2, Run: 3, Version: 9}}
	it.By = mission.Speaker{Session: "s"}
	if d := mission.Decide(running, it, store.Epoch{}, mission.Keys{}, at(1000)); d.Answer.Type != contracts.AnswerGranted {
		t.Errorf("a claim that was granted before: %+v", d)
	}
}

// TestWhatIsAdoptedIsHeldBackToo: a squad's pause outlives the store's wipe.
func TestWhatIsAdoptedIsHeldBackToo(t *testing.T) {
	now := wipedAt.Add(time.Minute)
	id := idOf(-time.Minute, 7)
	it := mission.Item{Hold: "squad red is paused", Update: sealed(contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: "e", Mission: told(id, 1),
	})}
	d := mission.Decide(store.Record{}, it, wipedEpoch(), mission.Keys{Ticket: ticketKey, Order: orderKey}, contracts.At(now))
	if d.Answer.Type != contracts.AnswerRefused || d.Dispatch != mission.DispatchNow || d.Change == nil {
		t.Fatalf("%+v", d)
	}
	if c := d.Change; c.IfVersion != 0 || c.FirstVersion == 0 || c.Due != store.DueSet || c.Record.Mission.Status != contracts.StatusQueued || len(c.History) != 2 {
		t.Errorf("%+v", c)
	}
}

// noSquads refuses every squad but the default one.
type noSquads struct{ err error }

func (n noSquads) Register(_ context.Context, squads ...string) error {
	if slices.ContainsFunc(squads, func(squad string) bool { return squad != contracts.DefaultSquad }) {
		return n.err
	}
	return nil
}

func (n noSquads) Held(context.Context, string) (string, error) { return "", n.err }

// TestNoMissionWithoutItsSquad: and where the store is away the mission comes with the error, to be kept elsewhere.
func TestNoMissionWithoutItsSquad(t *testing.T) {
	ctx := context.Background()
	for _, err := range []error{errors.New("too many"), store.ErrUnavailable} {
		w := &world{created: map[string]store.Record{}}
		now := time.UnixMilli(1_800_000_000_000)
		data := afterWipe(t, &now).data
		s := mission.New(mission.Deps{
			Store: data, Dispatcher: w, Inboxes: w, Suspects: w, Squads: noSquads{err}, Observer: w, TicketKey: ticketKey, Logger: zap.NewNop(),
			Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Now: func() contracts.Time { return contracts.At(now) },
		})
		gpu, plain := contracts.MissionRequest{Name: "m", Squad: "gpu"}, contracts.MissionRequest{Name: "m"}
		gpu.Normalize()
		plain.Normalize()
		m, got := s.Submit(ctx, gpu, nil)
		if !errors.Is(got, err) || m.MissionID == "" || m.Squad != "gpu" {
			t.Errorf("%v: %+v", got, m)
		}
		ms, got := s.SubmitAll(ctx, []contracts.MissionRequest{plain, gpu}, nil)
		if !errors.Is(got, err) || len(ms) != 2 {
			t.Errorf("%v: %+v", got, ms)
		}
		if _, got := s.SubmitAs(ctx, gpu, "", "because"); !errors.Is(got, err) {
			t.Errorf("ordered by the commander itself: %v", got)
		}
		counts, _ := data.Counts(ctx)
		if counts.ByStatus[contracts.StatusQueued] != 0 {
			t.Errorf("missions were created: %+v", counts)
		}
		// A claim waits until it is known whether it is held.
		if m, got = s.Submit(ctx, plain, nil); got != nil {
			t.Fatal(got)
		}
		if _, got := s.Apply(ctx, []mission.Item{{Update: contracts.Update{Status: contracts.UpdateInProgress, MissionID: m.MissionID, Attempt: 1, Execution: "e"}}}); !errors.Is(got, err) {
			t.Errorf("a claim: %v", got)
		}
	}
}
