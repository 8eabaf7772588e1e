package mission_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// wipedAt is when the epoch of these tests began.
var wipedAt = contracts.At(time.UnixMilli(1_800_000_000_000))

func wipedEpoch() store.Epoch {
	return store.Epoch{ID: "e", Began: wipedAt, Origin: store.EpochWiped}
}

// idOf returns the id of a mission that was created so long after the wipe.
func idOf(after time.Duration, n int) string {
	ms := wipedAt.Add(after).UnixMilli()
	return fmt.Sprintf("%08x-%04x-7000-8000-%012d", ms>>16, ms&0xffff, n)
}

func TestWhichUnknownMissionsAreAdoptable(t *testing.T) {
	hour := wipedAt.Add(time.Hour)
	for name, c := range map[string]struct {
		epoch store.Epoch
		id    string
		now   time.Time
		want  bool
	}{
		"created before the wipe":          {wipedEpoch(), idOf(-time.Second, 1), hour, true},
		"created a year before":            {wipedEpoch(), idOf(-365*24*time.Hour, 1), hour, true},
		"the new server's clock is behind": {wipedEpoch(), idOf(30*time.Second, 1), hour, true},
		"created after the wipe":           {wipedEpoch(), idOf(2*time.Minute, 1), hour, false},
		"a day after the wipe":             {wipedEpoch(), idOf(-time.Second, 1), wipedAt.Add(contracts.AdoptionPeriod), false},
		"the epoch is not known":           {store.Epoch{}, idOf(-time.Second, 1), hour, false},
		"an id that tells no time":         {wipedEpoch(), "00000000-0000-4000-8000-000000000001", hour, false},
		"no id":                            {wipedEpoch(), "x", hour, false},
	} {
		if got := mission.Adoptable(c.epoch, c.id, contracts.At(c.now)); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// told is the mission of an order, as a soldier has it.
func told(id string, attempt int) *contracts.Mission {
	return &contracts.Mission{
		MissionID: id, Name: "m", Kind: "k", Payload: []byte(`{"a":1}`), Priority: contracts.PriorityHigh, Squad: "red",
		Labels: map[string]string{"l": "v"}, Status: contracts.StatusQueued, Attempt: attempt, MaxAttempts: 2, Run: 3, Losses: 1,
		TimeoutSeconds: 60, Retry: &contracts.Retry{DelaySeconds: 7, Factor: 1.5, MaxDelaySeconds: 60},
		CreatedAt: contracts.At(wipedAt.Add(-time.Minute)), Version: 5,
	}
}

// orderKey seals the orders of these tests.
var orderKey = []byte("orders")

// sealed returns an update with the seal of the order whose mission it tells, as a commander wrote it.
func sealed(u contracts.Update) contracts.Update {
	if u.Mission != nil {
		var err error
		if u.Seal, err = mission.Seal(*u.Mission, orderKey); err != nil {
			panic(err)
		}
	}
	return u
}

// wipedWorld is a service on an empty store, in which one session is registered again.
type wipedWorld struct {
	*world
	data *memstore.Store
	svc  *mission.Service
}

const survivor = "50000000-0000-7000-8000-00000000000a"

func afterWipe(t interface{ Fatal(...any) }, now *time.Time) wipedWorld {
	w := wipedWorld{world: &world{}, data: memstore.New(memstore.Config{Now: func() time.Time { return *now }})}
	if _, err := w.data.Renew(context.Background(), store.Session{ID: survivor, SoldierID: "soldier"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	w.svc = mission.New(mission.Deps{
		Store: w.data, Dispatcher: w, Inboxes: w, Suspects: w, Observer: w, TicketKey: ticketKey, OrderKey: orderKey, Logger: zap.NewNop(),
		Epoch: func(context.Context) (store.Epoch, error) { return wipedEpoch(), nil }, Now: func() contracts.Time { return contracts.At(*now) },
	})
	return w
}

func ticketOf(id string, attempt int, run int64, execution string) *contracts.Ticket {
	k := contracts.Ticket{MissionID: id, Attempt: attempt, Run: run, Execution: execution, Session: survivor}.Sign(ticketKey)
	return &k
}

// Every word that a soldier may say of an unknown mission, and what becomes of it.
func TestWhatIsAdoptedFromWhat(t *testing.T) {
	id := idOf(-time.Minute, 7)
	claim := contracts.Update{Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: "e1"}
	with := func(u contracts.Update, edits ...func(*contracts.Update)) contracts.Update {
		for _, edit := range edits {
			edit(&u)
		}
		return u
	}
	whole := func(u *contracts.Update) { u.Mission = told(id, u.Attempt); *u = sealed(*u) }
	brief := func(u *contracts.Update) { u.Mission.Payload = nil }
	unsealed := func(u *contracts.Update) { u.Seal = "" }
	invented := func(u *contracts.Update) { u.Mission.Payload = []byte(`{"a":2}`) }
	redelivered := func(u *contracts.Update) { u.Redelivered = true }
	ticket := func(u *contracts.Update) { u.Ticket = ticketOf(id, u.Attempt, 4, u.Execution) }
	says := func(s contracts.UpdateStatus) func(*contracts.Update) {
		return func(u *contracts.Update) { u.Status = s }
	}
	attempt := func(n int) func(*contracts.Update) { return func(u *contracts.Update) { u.Attempt = n } }
	const adopted = contracts.StatusInProgress
	for name, c := range map[string]struct {
		update contracts.Update
		after  time.Duration // the wipe
		dead   bool          // the session is not registered
		brief  bool          // it is adopted without its payload
		want   contracts.Status
		answer contracts.AnswerType
		why    mission.Refusal
		run    int64
	}{
		"a claim":                  {update: claim, answer: contracts.AnswerShow},
		"a claim of a fresh order": {update: with(claim, whole), after: 36 * time.Second, want: adopted, answer: contracts.AnswerGranted, run: 1004},
		"of a fresh order, while holders may speak": {update: with(claim, whole), after: 34 * time.Second},
		"of a session that is not known":            {update: with(claim, whole), after: 36 * time.Second, dead: true, answer: contracts.AnswerSessionDead},
		"of a redelivered order, at once":           {update: with(claim, whole, redelivered), after: 34 * time.Second},
		"of a redelivered order, later":             {update: with(claim, whole, redelivered), after: 36 * time.Second, answer: contracts.AnswerRefused, why: mission.RefusedUnknown},
		"of a redelivered order, not shown yet":     {update: with(claim, redelivered), answer: contracts.AnswerShow},
		"a claim a day later":                       {update: with(claim, whole), after: 25 * time.Hour, answer: contracts.AnswerRefused, why: mission.RefusedUnknown},
		"a mission that nobody could have ordered":  {update: with(claim, whole, func(u *contracts.Update) { u.Mission.Kind = "No Kind" }), answer: contracts.AnswerRefused, why: mission.RefusedUnknown},
		"a claim of an order without a seal":        {update: with(claim, whole, unsealed), after: 36 * time.Second, answer: contracts.AnswerRefused, why: mission.RefusedUnsealed},
		"of one, while holders may speak":           {update: with(claim, whole, unsealed), answer: contracts.AnswerRefused, why: mission.RefusedUnsealed},
		"a claim of an invented order":              {update: with(claim, whole, invented), after: 36 * time.Second, answer: contracts.AnswerRefused, why: mission.RefusedUnsealed},
		"an order without its payload":              {update: with(claim, whole, brief), after: 36 * time.Second, answer: contracts.AnswerRefused, why: mission.RefusedUnsealed},
		"an execution of an order without a seal":   {update: with(claim, whole, unsealed, ticket), answer: contracts.AnswerRefused, why: mission.RefusedUnsealed},
		"COMPLETED, without the payload":            {update: with(claim, whole, brief, ticket, says(contracts.UpdateCompleted)), brief: true, want: contracts.StatusCompleted, answer: contracts.AnswerRecorded, run: 4},
		"COMPLETED, with another payload":           {update: with(claim, whole, invented, ticket, says(contracts.UpdateCompleted)), answer: contracts.AnswerRecorded, why: mission.RefusedUnsealed},
		"COMPLETED of an order without a seal":      {update: with(claim, whole, unsealed, ticket, says(contracts.UpdateCompleted)), answer: contracts.AnswerRecorded, why: mission.RefusedUnsealed},
		"FAILED, without the payload":               {update: with(claim, whole, brief, ticket, says(contracts.UpdateFailed)), answer: contracts.AnswerRecorded, why: mission.RefusedUnsealed},
		"NO_HANDLER for an invented order":          {update: with(claim, whole, invented, says(contracts.UpdateNoHandler)), after: 36 * time.Second, why: mission.RefusedUnsealed},
		"an execution with its ticket":              {update: with(claim, whole, ticket), want: adopted, run: 4},
		"its order was redelivered":                 {update: with(claim, whole, ticket, redelivered), want: adopted, run: 4},
		"with a forged ticket":                      {update: with(claim, whole, ticket, func(u *contracts.Update) { u.Ticket.Run++ }), answer: contracts.AnswerRecorded, why: mission.RefusedTicket},
		"COMPLETED":                                 {update: with(claim, whole, ticket, says(contracts.UpdateCompleted)), want: contracts.StatusCompleted, answer: contracts.AnswerRecorded, run: 4},
		"COMPLETED of a session that is not known":  {update: with(claim, whole, ticket, says(contracts.UpdateCompleted)), dead: true, want: contracts.StatusCompleted, answer: contracts.AnswerRecorded, run: 4},
		"COMPLETED without its mission":             {update: with(claim, ticket, says(contracts.UpdateCompleted)), answer: contracts.AnswerRecorded, why: mission.RefusedUnknown},
		"COMPLETED a day later":                     {update: with(claim, whole, ticket, says(contracts.UpdateCompleted)), after: 25 * time.Hour, answer: contracts.AnswerRecorded, why: mission.RefusedUnknown},
		"FAILED, an attempt is left":                {update: with(claim, whole, ticket, says(contracts.UpdateFailed)), want: contracts.StatusScheduled, answer: contracts.AnswerRecorded, run: 4},
		"FAILED, none is left":                      {update: with(claim, attempt(2), whole, ticket, says(contracts.UpdateFailed)), want: contracts.StatusFailed, answer: contracts.AnswerRecorded, run: 4},
		"RELEASED":                                  {update: with(claim, whole, ticket, says(contracts.UpdateReleased)), want: contracts.StatusQueued, answer: contracts.AnswerRecorded, run: 4},
		"NO_HANDLER":                                {update: with(claim, whole, says(contracts.UpdateNoHandler)), after: 36 * time.Second, want: contracts.StatusQueued, run: 1003},
		"NO_HANDLER while holders may speak":        {update: with(claim, whole, says(contracts.UpdateNoHandler)), want: contracts.StatusQueued, run: 3},
		"NO_HANDLER of a redelivered order":         {update: with(claim, whole, redelivered, says(contracts.UpdateNoHandler)), why: mission.RefusedUnknown},
		"NO_HANDLER without its mission":            {update: with(claim, says(contracts.UpdateNoHandler)), why: mission.RefusedUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			now := wipedAt.Add(c.after)
			w := afterWipe(t, &now)
			by := mission.Speaker{Session: survivor, SoldierID: "soldier"}
			if c.dead {
				by.Session = "50000000-0000-7000-8000-00000000000b"
				if c.update.Ticket != nil {
					k := *c.update.Ticket
					k.Session = by.Session
					k = k.Sign(ticketKey)
					c.update.Ticket = &k
				}
			}
			got, err := w.svc.Apply(t.Context(), []mission.Item{{Update: c.update, By: by}})
			if err != nil {
				t.Fatal(err)
			}
			if got[0].Answer.Type != c.answer || got[0].Refused != c.why {
				t.Errorf("answer %q, refused %q", got[0].Answer.Type, got[0].Refused)
			}
			recs, err := w.data.Load(t.Context(), id)
			if err != nil {
				t.Fatal(err)
			}
			m := recs[0].Mission
			if m.Status != c.want || m.Run != c.run {
				t.Fatalf("mission %+v", m)
			}
			if c.want == "" {
				return
			}
			if m.Name != "m" || m.Priority != contracts.PriorityHigh || m.Squad != "red" || m.Labels["l"] != "v" || m.Losses != 1 ||
				(string(m.Payload) != `{"a":1}`) != c.brief || m.TimeoutSeconds != 60 || m.Retry == nil || *m.Retry != *told(id, 1).Retry ||
				m.Version != contracts.At(now).Millis() {
				t.Errorf("mission %+v", m)
			}
			h, err := w.data.History(t.Context(), id)
			if err != nil || h.Lines[0].Cause != contracts.CauseAdopted || h.Lines[0].Status != contracts.StatusQueued {
				t.Errorf("history %+v, %v", h, err)
			}
			checkEdges(t, h.Lines)
			due, err := w.data.TakeDue(t.Context(), 1, 0)
			if waits := m.Status == contracts.StatusQueued || m.Status == contracts.StatusScheduled; err != nil {
				t.Fatal(err)
			} else if waits {
				if len(due) != 0 || len(w.orders) != 0 {
					t.Errorf("ordered at once: %v, %v", due, w.orders)
				}
				if c.after == 0 {
					now = wipedAt.Add(contracts.LeaseDuration - time.Millisecond)
					if due, err = w.data.TakeDue(t.Context(), 1, 0); err != nil || len(due) != 0 {
						t.Errorf("ordered while holders may speak: %v, %v", due, err)
					}
				}
				now = now.Add(time.Hour)
				if due, err = w.data.TakeDue(t.Context(), 1, 0); err != nil || len(due) != 1 {
					t.Errorf("due %v, %v", due, err)
				}
			} else if len(due) != 0 {
				t.Errorf("due %v", due)
			}
			if e, err := w.data.Settle(t.Context()); err != nil || e.Adopted != 1 {
				t.Errorf("epoch %+v, %v", e, err)
			}
		})
	}
}

// While holders may still speak up, a mission that somebody has no handler for is adopted, so that it is not lost, and granted
// to nobody: a second copy of its order may be with one who runs it.
func TestAHolderSpeaksUpAfterNoHandler(t *testing.T) {
	id := idOf(-time.Minute, 9)
	now := wipedAt.Add(time.Second)
	w := afterWipe(t, &now)
	by := mission.Speaker{Session: survivor, SoldierID: "soldier"}
	say := func(u contracts.Update) contracts.AnswerType {
		t.Helper()
		u.MissionID, u.Attempt, u.Mission = id, 1, told(id, 1)
		got, err := w.svc.Apply(t.Context(), []mission.Item{{Update: sealed(u), By: by}})
		if err != nil {
			t.Fatal(err)
		}
		return got[0].Answer.Type
	}
	say(contracts.Update{Status: contracts.UpdateNoHandler})
	claim := contracts.Update{Status: contracts.UpdateInProgress, Execution: "second copy"}
	if got := say(claim); got != "" {
		t.Errorf("a claim of the second copy is answered %q", got)
	}
	now = wipedAt.Add(contracts.LeaseDuration - time.Millisecond)
	if due, err := w.data.TakeDue(t.Context(), 1, 0); err != nil || len(due) != 0 {
		t.Errorf("ordered again too early: %v, %v", due, err)
	}
	say(contracts.Update{Status: contracts.UpdateInProgress, Execution: "holder's", Ticket: ticketOf(id, 1, 4, "holder's")})
	if got := say(claim); got != contracts.AnswerRefused {
		t.Errorf("with the holder known, a claim is answered %q", got)
	}
	recs, err := w.data.Load(t.Context(), id)
	if err != nil || recs[0].Execution != "holder's" || recs[0].Mission.Run != 4 {
		t.Errorf("%+v, %v", recs, err)
	}
	if due, err := w.data.TakeDue(t.Context(), 1, 0); err != nil || len(due) != 0 {
		t.Errorf("due %v, %v", due, err)
	}
}

// checkEdges wants a history to go along the table of legal edges.
func checkEdges(t interface{ Errorf(string, ...any) }, lines []contracts.HistoryLine) {
	var at contracts.Status
	for _, l := range lines {
		if l.Refused {
			continue
		}
		if err := contracts.CheckTransition(at, l.Status); at != "" && at != l.Status && err != nil {
			t.Errorf("history goes from %s to %s: %v", at, l.Status, err)
		}
		at = l.Status
	}
}

// What was said of some missions before a wipe comes in any order, again and again: fresh and redelivered orders, running
// executions and finals of older and newer runs, and orders that nobody has a handler for. The newest grant's holder may live,
// and then speaks up within a lease. Each mission ends with one result at most, run never goes back, no run is two executions,
// and a holder that lives is never taken its mission from.
func TestAnyOrderOfWordsAfterAWipe(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := wipedAt.Time
		w := afterWipe(t, &now)
		by := mission.Speaker{Session: survivor, SoldierID: "soldier"}
		id := idOf(-time.Minute, 1)
		grants := rapid.IntRange(0, 3).Draw(t, "grants before the wipe")
		ended := map[string]contracts.UpdateStatus{}
		holder := fmt.Sprintf("execution-%d", grants)
		lives := grants > 0 && rapid.Bool().Draw(t, "the newest one's holder lives")
		runs := map[int64]string{}
		if lives {
			runs[int64(3+grants)] = holder
		}
		shows := func(run int) contracts.Update {
			execution := fmt.Sprintf("execution-%d", run)
			return contracts.Update{
				Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: execution, Mission: told(id, 1),
				Ticket: ticketOf(id, 1, int64(3+run), execution),
			}
		}
		var claims int
		var last contracts.Mission
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(t *rapid.T) {
				claims++
				w.say(t, by, contracts.Update{
					Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: fmt.Sprintf("claim-%d", claims),
					Redelivered: rapid.Bool().Draw(t, "redelivered"), Mission: told(id, 1),
				})
			},
			"no handler": func(t *rapid.T) {
				w.say(t, by, contracts.Update{
					Status: contracts.UpdateNoHandler, MissionID: id, Attempt: 1, Mission: told(id, 1),
					Redelivered: rapid.Bool().Draw(t, "redelivered"),
				})
			},
			"time passes": func(t *rapid.T) {
				later := now.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "seconds")) * time.Second)
				_, over := ended[holder]
				if limit := wipedAt.Add(contracts.LeaseDuration); lives && !over && now.Before(limit) && !later.Before(limit) {
					now = limit.Add(-time.Millisecond)
					w.say(t, by, shows(grants))
					recs, err := w.data.Load(context.Background(), id)
					if err != nil || recs[0].Execution != holder && recs[0].Mission.Status != contracts.StatusCompleted {
						t.Fatalf("its holder lives: %+v, %v", recs, err)
					}
				}
				now = later
			},
			"grant of before": func(t *rapid.T) {
				if grants == 0 {
					t.Skip("none")
				}
				run := rapid.IntRange(1, grants).Draw(t, "run")
				u := shows(run)
				execution := u.Execution
				if status, over := ended[execution]; over || rapid.Bool().Draw(t, "ends") {
					if !over {
						status = rapid.SampledFrom([]contracts.UpdateStatus{contracts.UpdateCompleted, contracts.UpdateReleased}).Draw(t, "how")
						ended[execution] = status
					}
					u.Status = status
				}
				w.say(t, by, u)
			},
			"": func(t *rapid.T) {
				recs, err := w.data.Load(context.Background(), id)
				if err != nil {
					t.Fatal(err)
				}
				rec, m := recs[0], recs[0].Mission
				switch {
				case m.Run < last.Run || m.Version < last.Version:
					t.Fatalf("went back from %+v to %+v", last, m)
				case last.Status.Terminal() && m.Status != last.Status:
					t.Fatalf("went on from %+v to %+v", last, m)
				case rec.Execution != "" && runs[m.Run] != "" && runs[m.Run] != rec.Execution:
					t.Fatalf("run %d is %s's and %s's", m.Run, runs[m.Run], rec.Execution)
				case (m.Status == contracts.StatusInProgress) != (rec.Execution != ""):
					t.Fatalf("%s with execution %q", m.Status, rec.Execution)
				}
				if last = m; rec.Execution != "" {
					runs[m.Run] = rec.Execution
				}
				if m.Version == 0 {
					return
				}
				h, err := w.data.History(context.Background(), id)
				if err != nil {
					t.Fatal(err)
				}
				checkEdges(t, h.Lines)
			},
		})
	})
}

// say has the service settle an update.
func (w wipedWorld) say(t *rapid.T, by mission.Speaker, u contracts.Update) {
	if _, err := w.svc.Apply(context.Background(), []mission.Item{{Update: sealed(u), By: by}}); err != nil {
		t.Fatal(err)
	}
}

// TestWhatASoldierSaysOfAnOrderIsBounded: nothing that it says brings a mission into the store that could not have been there.
func TestWhatASoldierSaysOfAnOrderIsBounded(t *testing.T) {
	now := wipedAt.Add(time.Minute)
	by := mission.Speaker{Session: survivor, SoldierID: "soldier"}
	adopt := func(t *testing.T, n int, attempt int, edit func(*contracts.Mission)) contracts.Mission {
		w, id := afterWipe(t, &now), idOf(-time.Minute, n)
		m := told(id, attempt)
		edit(m)
		u := contracts.Update{Status: contracts.UpdateInProgress, MissionID: id, Attempt: m.Attempt, Execution: "e", Mission: m}
		if _, err := w.svc.Apply(t.Context(), []mission.Item{{Update: sealed(u), By: by}}); err != nil {
			t.Fatal(err)
		}
		recs, err := w.data.Load(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return recs[0].Mission
	}
	for name, edit := range map[string]func(*contracts.Mission){
		"a run below 0":             func(m *contracts.Mission) { m.Run = -1 },
		"a run beyond doubles":      func(m *contracts.Mission) { m.Run = 1 << 52 },
		"an attempt of 0":           func(m *contracts.Mission) { m.Attempt = 0 },
		"more attempts than it has": func(m *contracts.Mission) { m.Attempt = 3 },
		"lost for good":             func(m *contracts.Mission) { m.Losses = contracts.MaxLosses },
	} {
		if m := adopt(t, 1, 1, edit); m.Version != 0 {
			t.Errorf("%s: adopted as %+v", name, m)
		}
	}
	m := adopt(t, 2, 1, func(m *contracts.Mission) {
		m.MaxAttempts, m.CreatedAt = 1<<40, contracts.At(wipedAt.Add(100*24*time.Hour))
		m.Error = &contracts.MissionError{Code: strings.Repeat("c", 100), Message: strings.Repeat("ä", contracts.MaxErrorSize)}
	})
	if m.MaxAttempts != contracts.MaxAttempts || m.CreatedAt != contracts.At(wipedAt.Add(-time.Minute)) {
		t.Errorf("mission %+v", m)
	}
	if len(m.Error.Code) != 64 || len(m.Error.Message) != contracts.MaxErrorSize {
		t.Errorf("error with a code of %d and a message of %d bytes", len(m.Error.Code), len(m.Error.Message))
	}
	// An operator's retries may have brought it past the limit of POST.
	if m := adopt(t, 3, 102, func(m *contracts.Mission) { m.MaxAttempts = 1000 }); m.Attempt != 102 || m.MaxAttempts != 102 {
		t.Errorf("mission %+v", m)
	}
}

// TestTheLargestPayloadIsAdopted: a payload as large as POST takes it comes back with a claim no larger.
func TestTheLargestPayloadIsAdopted(t *testing.T) {
	id := idOf(-time.Minute, 8)
	m := told(id, 1)
	m.Payload = []byte(`{"a":"` + strings.Repeat("<", contracts.MaxPayloadSize-len(`{"a":""}`)) + `"}`)
	sent := contracts.NewOrder(*m, 1, wipedAt)
	var err error
	if sent.Seal, err = mission.Seal(*m, orderKey); err != nil {
		t.Fatal(err)
	}
	body, err := sent.Encode()
	if err != nil {
		t.Fatal(err)
	}
	order, err := contracts.DecodeOrder(body)
	if err != nil {
		t.Fatal(err)
	}
	body, err = contracts.NewStatusPack("token", wipedAt, "", contracts.Update{
		Status: contracts.UpdateInProgress, MissionID: id, Attempt: 1, Execution: "e", Mission: &order.Mission, Seal: order.Seal,
	}).Encode()
	if err != nil {
		t.Fatal(err)
	}
	pack, err := contracts.DecodeStatusPack(body)
	if err != nil {
		t.Fatal(err)
	}
	now := wipedAt.Add(time.Minute)
	w := afterWipe(t, &now)
	got, err := w.svc.Apply(t.Context(), []mission.Item{{Update: pack.Updates[0], By: mission.Speaker{Session: survivor}}})
	if err != nil || got[0].Answer.Type != contracts.AnswerGranted {
		t.Fatalf("%+v, %v", got, err)
	}
	recs, err := w.data.Load(t.Context(), id)
	if err != nil || string(recs[0].Mission.Payload) != string(m.Payload) {
		t.Errorf("adopted with a payload of %d bytes, %v", len(recs[0].Mission.Payload), err)
	}
}
