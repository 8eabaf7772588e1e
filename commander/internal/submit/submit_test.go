package submit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

func TestAcceptedByTheBrokerAndCreatedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		r.store.away.Store(true)
		time.Sleep(time.Minute)
		var ids []string
		const missions = 200 // more than a batch
		for i := range missions {
			m := r.submit(fmt.Sprint("mission ", i))
			if m.Status != contracts.StatusQueued || m.Version != 1 {
				t.Errorf("accepted %+v", m)
			}
			ids = append(ids, m.MissionID)
		}
		at := contracts.At(time.Now().Add(time.Hour))
		scheduled := request("tomorrow")
		scheduled.RunAt = &at
		later, _, err := r.desk.Submit(t.Context(), scheduled, nil)
		r.must(err)
		batch, durable, err := r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request("a"), request("b")}, nil)
		r.must(err)
		if durable != submit.OnBroker || len(batch) != 2 {
			t.Errorf("batch kept by %q: %+v", durable, batch)
		}
		ids = append(ids, batch[0].MissionID, batch[1].MissionID)
		accepted := time.Now()
		r.wantDispatched()
		time.Sleep(time.Hour / 2)
		// It waits at the broker, however long that is.
		r.wantDepth(topology.Submissions, broker.Depth{Ready: missions + 2})
		r.store.away.Store(false)
		time.Sleep(time.Second)
		r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
		r.wantDispatched(ids...)
		for _, id := range ids {
			if m := r.load(id); m.Version != 1 || m.Status != contracts.StatusQueued || m.CreatedAt.After(accepted) {
				t.Errorf("created %+v", m)
			}
		}
		if m := r.load(later.MissionID); m.Status != contracts.StatusScheduled || !m.RunAt.Equal(at.Time) {
			t.Errorf("created %+v, want it SCHEDULED", m)
		}
		h, err := r.store.History(t.Context(), ids[0])
		r.must(err)
		if l := h.Lines[0]; l.MadeAt.After(accepted) || !l.RecordedAt.After(accepted) {
			t.Errorf("first line of the history %+v", l)
		}
		if r.kept != missions+2 || len(r.refused) > 0 {
			t.Errorf("%d kept, refused %v", r.kept, r.refused)
		}
	})
}

// TestAWriteThatCameThroughAfterAll: the store applied it, and only its answer was lost.
func TestAWriteThatCameThroughAfterAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		r.store.deaf.Store(true)
		one := r.submit("one")
		batch, _, err := r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request("a"), request("b")}, nil)
		r.must(err)
		// Somebody carried it out before the submission is taken.
		recs, err := r.store.Load(t.Context(), one.MissionID)
		r.must(err)
		recs[0].Mission.Status = contracts.StatusCompleted
		_, err = r.store.Store.Commit(t.Context(), store.Change{Record: recs[0], IfVersion: 1})
		r.must(err)
		r.store.deaf.Store(false)
		time.Sleep(time.Second)
		r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
		r.wantDispatched() // their due entries do that
		if m := r.load(one.MissionID); m.Status != contracts.StatusCompleted {
			t.Errorf("it is %s again", m.Status)
		}
		for _, m := range batch {
			if got := r.load(m.MissionID); got.Version != 1 {
				t.Errorf("created again: %+v", got)
			}
		}
	})
}

// TestARepeatedSubmission: a confirm may be lost, and a delivery may come twice.
func TestARepeatedSubmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		m := r.submit("once")
		s, err := contracts.NewSubmission(key, []contracts.Mission{m})
		r.must(err)
		body, err := s.Encode()
		r.must(err)
		r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{Body: body}))
		r.store.away.Store(false)
		r.start()
		time.Sleep(time.Second)
		r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{Body: body}))
		time.Sleep(time.Second)
		r.wantDispatched(m.MissionID)
		r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
	})
}

func TestWhatTheBrokerDoesNotKeep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		_, _, err := r.desk.Submit(t.Context(), request("with a key"), &store.Idempotency{Key: "k", BodyHash: "h", TTL: time.Hour})
		if !errors.Is(err, submit.ErrNeedsStore) || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("with a key: %v", err)
		}
		unique := request("with a unique key")
		unique.UniqueKey = "u"
		if _, _, err := r.desk.Submit(t.Context(), unique, nil); !errors.Is(err, submit.ErrNeedsStore) {
			t.Errorf("with a unique key: %v", err)
		}
		if _, _, err := r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request("without"), unique}, nil); !errors.Is(err, submit.ErrNeedsStore) {
			t.Errorf("a batch with a unique key: %v", err)
		}
		r.broker.Down()
		synctest.Wait()
		_, _, err = r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request("both away")}, nil)
		if !errors.Is(err, submit.ErrBothAway) || !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("both away: %v", err)
		}
		r.broker.Up()
		synctest.Wait()
		r.wantDepth(topology.Submissions, broker.Depth{})
		if r.kept != 0 {
			t.Errorf("%d counted as kept", r.kept)
		}
	})
}

// TestTheStoreLeavesTimeForTheBroker: a store that hangs takes not all of a request's time.
func TestTheStoreLeavesTimeForTheBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		hanging := hangs{r.desk}
		desk := submit.NewDesk(hanging, r.client, key, func() {}, zap.NewNop())
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, durable, err := desk.Submit(ctx, request("x"), nil); err != nil || durable != submit.OnBroker {
			t.Errorf("kept by %q, %v", durable, err)
		}
	})
}

// hangs is a service on a store that does not answer.
type hangs struct{ *submit.Desk }

func (hangs) Submit(ctx context.Context, r contracts.MissionRequest, _ *store.Idempotency) (contracts.Mission, error) {
	<-ctx.Done()
	return contracts.Mission{MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: r.Name}, fmt.Errorf("%w: %w", store.ErrUnavailable, ctx.Err())
}

func (hangs) SubmitAll(context.Context, []contracts.MissionRequest, *store.Idempotency) ([]contracts.Mission, error) {
	return nil, store.ErrUnavailable
}

// TestWhatCanNotBeCreatedIsSetAside and holds up no other.
func TestWhatCanNotBeCreatedIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		good := r.submit("good")
		bad := r.submit("bad")
		r.store.damaged.Store(&bad.Name)
		forged, err := contracts.NewSubmission([]byte("a soldier's key"), []contracts.Mission{good})
		r.must(err)
		body, err := forged.Encode()
		r.must(err)
		for _, b := range [][]byte{body, []byte("{}")} {
			r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{Body: b}))
		}
		other := r.submit("another good one")
		r.store.away.Store(false)
		r.start()
		time.Sleep(time.Second)
		r.wantDispatched(good.MissionID, other.MissionID)
		r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
		r.wantDepth(topology.SubmissionsRefused, broker.Depth{Ready: 3})
		reasons := map[string]int{}
		for _, reason := range r.refused {
			reasons[reason]++
		}
		if reasons[submit.ReasonFailed] != 1 || reasons[submit.ReasonForged] != 1 || reasons[submit.ReasonUnreadable] != 1 {
			t.Errorf("refused %v", r.refused)
		}
	})
}

// TestAGroupThatTakesTooLong comes again, and neither counts as an outage nor holds up others.
func TestAGroupThatTakesTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		slow := "slow"
		group, _, err := r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request(slow), request(slow)}, nil)
		r.must(err)
		var others []string
		for range 3 {
			batch, _, err := r.desk.SubmitAll(t.Context(), []contracts.MissionRequest{request("a"), request("b")}, nil)
			r.must(err)
			others = append(others, batch[0].MissionID, batch[1].MissionID, r.submit("alone").MissionID)
		}
		r.store.slow.Store(&slow)
		r.store.away.Store(false)
		r.start()
		for range 60 {
			time.Sleep(time.Second)
			if r.intake.GivenUp() {
				t.Fatal("the store counts as away")
			}
		}
		r.wantDispatched(others...)
		r.store.slow.Store(nil)
		time.Sleep(15 * time.Second)
		r.wantDispatched(append(others, group[0].MissionID, group[1].MissionID)...)
		r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
	})
}

// full is a broker whose queue for what is set aside can be full, and jammed so that nothing can move either.
type full struct {
	*membroker.Client
	full, jammed atomic.Bool
	writes       atomic.Int64
}

func (f *full) Publish(ctx context.Context, queue string, m broker.Message) error {
	f.writes.Add(1)
	if queue == topology.SubmissionsRefused && f.full.Load() || queue == topology.Submissions && f.jammed.Load() {
		return broker.ErrRejected
	}
	return f.Client.Publish(ctx, queue, m)
}

// TestAFullQueueForWhatIsSetAside holds up none that can be created, loses none that can't, and keeps nobody busy.
func TestAFullQueueForWhatIsSetAside(t *testing.T) {
	for name, c := range map[string]struct {
		bad    int // more or less than are taken at once
		jammed bool
	}{
		"a few": {2, false}, "many": {20, false}, "a few, and no room in their own": {2, true}, "many, and no room in their own": {20, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { testFull(t, c.bad, c.jammed) })
		})
	}
}

func testFull(t *testing.T, bad int, jammed bool) {
	r := newRig(t)
	r.store.away.Store(true)
	for i := range bad {
		r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{ID: fmt.Sprint(i), Body: []byte("{}")}))
	}
	good := r.submit("good")
	r.store.away.Store(false)
	b := &full{Client: r.client}
	b.full.Store(true)
	b.jammed.Store(jammed)
	core, lines := observer.New(zapcore.InfoLevel)
	r.intake = submit.NewIntake(submit.Config{
		Broker: b, Missions: r.missions, Key: key, Check: r.store.check, Now: now, Logger: zap.New(core),
		Refused: func(reason string) { r.note(func() { r.refused = append(r.refused, reason) }) },
	})
	r.start()
	time.Sleep(10 * time.Second)
	r.wantDispatched(good.MissionID)
	if got := r.intake.Warning(); !strings.Contains(got, topology.SubmissionsRefused+" is full") {
		t.Errorf("warning %q", got)
	}
	time.Sleep(10 * time.Minute)
	b.writes.Store(0)
	const minutes = 60
	time.Sleep(minutes * time.Minute)
	// Two writes for each, and a round takes half a minute and more.
	if n := int(b.writes.Load()); n < bad*minutes/2 || n > 2*2*(bad+8)*minutes {
		t.Errorf("%d writes in %d minutes for %d submissions", n, minutes, bad)
	}
	if n := lines.Len(); n != 1 {
		t.Errorf("%d lines, want 1: %v", n, lines.All())
	}
	late := r.submitDirectly("late")
	time.Sleep(40 * time.Second)
	r.wantDispatched(good.MissionID, late)
	if n := lines.Len(); n != 1 {
		t.Errorf("%d lines, want 1: %v", n, lines.All())
	}
	b.full.Store(false)
	time.Sleep(2 * time.Minute)
	r.wantDepth(topology.SubmissionsRefused, broker.Depth{Ready: bad})
	r.wantDepth(topology.Submissions, broker.Depth{Consumers: 1})
	if len(r.refused) != bad || lines.FilterMessage("submission set aside").Len() != bad || r.intake.Warning() != "" {
		t.Errorf("%d were counted as refused, %d logged, want %d; warning %q",
			len(r.refused), lines.FilterMessage("submission set aside").Len(), bad, r.intake.Warning())
	}
	if n := lines.FilterMessageSnippet("again").Len(); n != 1 {
		t.Errorf("the end was said %d times", n)
	}
}

// TestAJamThatOthersEnded is over soon after.
func TestAJamThatOthersEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		b := &full{Client: r.client}
		b.full.Store(true)
		r.intake = submit.NewIntake(submit.Config{
			Broker: b, Missions: r.missions, Key: key, Check: r.store.check, Now: now, Logger: zap.NewNop(), Refused: func(string) {},
		})
		r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{Body: []byte("{}")}))
		r.start()
		time.Sleep(10 * time.Minute)
		if r.intake.Warning() == "" {
			t.Error("no warning")
		}
		for done := false; !done; time.Sleep(time.Second) {
			_, err := r.client.Browse(t.Context(), topology.Submissions, broker.BrowseLimit{Messages: 1}, func(d broker.Delivery) {
				r.must(d.Ack())
				done = true
			})
			r.must(err)
		}
		time.Sleep(2 * time.Minute)
		if got := r.intake.Warning(); got != "" {
			t.Errorf("warning %q", got)
		}
	})
}

// weighing is a creator that notes how large what it is given is.
type weighing struct {
	submit.Creator
	most int
}

func (w *weighing) Admit(ctx context.Context, groups [][]contracts.Mission) error {
	size := 0
	for _, g := range groups {
		for _, m := range g {
			size += len(m.Payload)
		}
	}
	w.most = max(w.most, size)
	return w.Creator.Admit(ctx, groups)
}

// TestLargeSubmissions are not all read at once.
func TestLargeSubmissions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		large := request("large")
		large.Payload = []byte(`"` + strings.Repeat("x", contracts.MaxSubmissionSize/2) + `"`)
		var ids []string
		for range 5 {
			m, _, err := r.desk.Submit(t.Context(), large, nil)
			r.must(err)
			ids = append(ids, m.MissionID)
		}
		r.store.away.Store(false)
		w := &weighing{Creator: r.missions}
		r.newIntake(w)
		r.start()
		time.Sleep(time.Second)
		r.wantDispatched(ids...)
		if w.most > 2*contracts.MaxSubmissionSize || w.most < contracts.MaxSubmissionSize {
			t.Errorf("%d bytes at once", w.most)
		}
	})
}

// TestTheIntakeFollowsStoreAndBroker through some outages of either, without losing or doubling one.
func TestTheIntakeFollowsStoreAndBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		var ids []string
		for i := range 5 {
			r.store.away.Store(true)
			for k := range 30 {
				ids = append(ids, r.submit(fmt.Sprint(i, " ", k)).MissionID)
			}
			time.Sleep(time.Minute)
			if !r.intake.GivenUp() {
				t.Error("the subscription is not given up")
			}
			r.broker.Restart()
			r.store.away.Store(false)
			r.client.Cut()
			time.Sleep(time.Second)
			if r.intake.GivenUp() {
				t.Error("the subscription is still given up")
			}
			r.wantDispatched(ids...)
		}
	})
}

// TestWhichUnknownIDsMayWait: from the first sign of an outage until the last submission is created for sure, and no longer.
func TestWhichUnknownIDsMayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		ask := func(when, id string, want bool) {
			t.Helper()
			if got := r.intake.Waiting(t.Context(), id); got != want {
				t.Errorf("%s: %v, want %v", when, got, want)
			}
		}
		idOf := func(at time.Time) string {
			ms := fmt.Sprintf("%012x", at.UnixMilli())
			return ms[:8] + "-" + ms[8:] + "-7000-8000-000000000000"
		}
		before, long := idOf(time.Now()), idOf(time.Now().Add(-time.Hour))
		ask("at first", before, true)
		ask("at first, and old", long, false)
		r.start()
		time.Sleep(44 * time.Second)
		ask("another one may hold it still", before, true)
		ask("old", long, false)
		time.Sleep(2 * time.Second)
		ask("nobody can hold it", before, false)
		young := idOf(time.Now())
		ask("made just now, in peace: another commander may have lost the store and hold it", young, true)
		time.Sleep(45 * time.Second)
		ask("made 45 s ago, in peace", young, false)
		ask("of the far future", idOf(time.Now().Add(time.Hour)), false)
		time.Sleep(time.Hour)
		r.broker.Down()
		synctest.Wait()
		ask("made just now, without the broker", idOf(time.Now()), true)
		ask("made long before, without the broker", before, false)
		r.broker.Up()
		time.Sleep(time.Minute)
		ask("made 45 s ago, in peace again", idOf(time.Now().Add(-45*time.Second)), false)
		r.store.away.Store(true)
		time.Sleep(3 * time.Second)
		m := r.submit("waits")
		time.Sleep(time.Hour)
		ask("while the store is away", m.MissionID, true)
		ask("made long before", before, false)
		// The submission is on loan with another commander, which has not created it yet.
		other := r.broker.Connect(membroker.Config{})
		ctx, cancel := context.WithCancel(t.Context())
		loans := make(chan broker.Delivery, 1)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = other.Consume(ctx, broker.Subscription{Queue: topology.Submissions, Prefetch: 1, Handle: func(d broker.Delivery) { loans <- d }})
		}()
		loan := <-loans
		r.store.away.Store(false)
		time.Sleep(40 * time.Second)
		ask("on loan elsewhere", m.MissionID, true)
		r.must(loan.Nack(broker.Requeued))
		cancel()
		<-ended
		r.must(other.Close(context.Background()))
		time.Sleep(time.Second)
		if r.load(m.MissionID).Version != 1 {
			t.Error("it is not created")
		}
		unknown := idOf(time.Now())
		ask("just created", unknown, true)
		time.Sleep(50 * time.Second)
		ask("a while later", unknown, false)
		// An outage shorter than the time between two looks, of another commander.
		s, err := contracts.NewSubmission(key, []contracts.Mission{m})
		r.must(err)
		body, err := s.Encode()
		r.must(err)
		r.must(r.intake.Stop(context.Background()))
		r.must(r.client.Publish(t.Context(), topology.Submissions, broker.Message{Body: body}))
		ask("published since the last look", idOf(time.Now()), true)
	})
}

// taken is a broker from which another commander gets all at once.
type taken struct{}

func (taken) Publish(context.Context, string, broker.Message) error { return nil }

// TestWhatThisCommanderAccepted may wait, though the queue was never seen with it.
func TestWhatThisCommanderAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.start()
		time.Sleep(time.Hour)
		desk := submit.NewDesk(r.missions, taken{}, key, r.intake.Accepted, zap.NewNop())
		r.store.away.Store(true)
		m, _, err := desk.Submit(t.Context(), request("held by another one"), nil)
		r.must(err)
		r.store.away.Store(false)
		if !r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("denied at once")
		}
		time.Sleep(44 * time.Second)
		if !r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("denied while another one may hold it")
		}
		time.Sleep(4 * time.Second)
		if r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("may wait for ever")
		}
	})
}

// TestACommanderThatStartsWhileAnotherHoldsAll finds the queue empty, and then it is not.
func TestACommanderThatStartsWhileAnotherHoldsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		const old = "00000000-0001-7000-8000-000000000000"
		if r.intake.Waiting(t.Context(), old) {
			t.Error("an old id may wait in an empty queue")
		}
		r.submit("given back")
		if !r.intake.Waiting(t.Context(), old) {
			t.Error("there is a submission from whenever")
		}
	})
}

// TestACommanderThatStartsInAnOutage does not know since when there may be submissions.
func TestACommanderThatStartsInAnOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.store.away.Store(true)
		m := r.submit("before its start")
		time.Sleep(time.Hour)
		if !r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("its first answer denies the mission")
		}
		r.start()
		time.Sleep(time.Hour)
		if !r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("it denies the mission")
		}
		r.broker.Down()
		r.store.away.Store(false)
		time.Sleep(time.Hour)
		if !r.intake.Waiting(t.Context(), m.MissionID) {
			t.Error("it denies the mission, which waits at a broker that is away")
		}
		r.broker.Up()
		time.Sleep(time.Minute)
		if r.intake.Waiting(t.Context(), "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b") || r.load(m.MissionID).Version != 1 {
			t.Error("a minute later not all is settled")
		}
	})
}
