package session_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

//nolint:gochecknoglobals // a constant
var ticketKey = []byte("a key for tickets, of 32 bytes..")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// faulty is a store that can be away, wholly or for reading missions.
type faulty struct {
	*memstore.Store
	away, loadsFail atomic.Bool
}

func (f *faulty) Session(ctx context.Context, id string) (store.Session, error) {
	if f.away.Load() {
		return store.Session{}, store.ErrUnavailable
	}
	return f.Store.Session(ctx, id)
}

func (f *faulty) Renew(ctx context.Context, s store.Session, lease time.Duration) (store.Session, error) {
	if f.away.Load() {
		return store.Session{}, store.ErrUnavailable
	}
	return f.Store.Renew(ctx, s, lease)
}

func (f *faulty) Peek(ctx context.Context, ids ...string) ([]store.Record, error) {
	if f.away.Load() || f.loadsFail.Load() {
		return nil, store.ErrUnavailable
	}
	return f.Store.Peek(ctx, ids...)
}

type rig struct {
	*session.Service
	t        *testing.T
	store    *faulty
	verifier *tokenauth.Verifier
	issued   int
	// serve is what becomes of the squads of new sessions, noted are those of others.
	serve error
	noted []string
}

// Serve implements session.Squads, as Noted.
func (r *rig) Serve(context.Context, ...string) error { return r.serve }

func (r *rig) Noted(squads ...string) { r.noted = append(r.noted, squads...) }

func newRig(t *testing.T) *rig {
	r := &rig{t: t, store: &faulty{Store: memstore.New(memstore.Config{})}, verifier: tokenauthtest.NewVerifier(t, time.Now)}
	r.Service = session.New(session.Config{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: r.store, Issuer: tokenauthtest.NewIssuer(t, time.Now), Keys: tokenauthtest.Keys(t), TicketKey: ticketKey,
		Squads: r, Now: time.Now, Issued: func() { r.issued++ }, Logger: zap.NewNop(),
	})
	return r
}

func renewal(id string) contracts.Renewal {
	return contracts.Renewal{
		SoldierID: "soldier-1", Session: id, Squads: []string{"default"}, Kinds: []string{"simulate"}, Slots: 4, Version: "v1",
		Inbox: "amq.gen-1",
	}
}

func (r *rig) renew(m contracts.Renewal) contracts.RenewalReply {
	r.t.Helper()
	reply, err := r.Renew(r.t.Context(), m)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply
}

func (r *rig) known(id string) store.Session {
	r.t.Helper()
	s, err := r.store.Store.Session(context.Background(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

// wantToken checks that the token is the session's, and lives as long as the reply says.
func (r *rig) wantToken(reply contracts.RenewalReply) {
	r.t.Helper()
	claims, err := r.verifier.Verify(reply.Token)
	if err != nil {
		r.t.Fatal(err)
	}
	if claims.Subject != reply.Session || claims.Private[session.SoldierClaim] != "soldier-1" {
		r.t.Errorf("token of session %s and %v, want session %s", claims.Subject, claims.Private, reply.Session)
	}
	life := time.Duration(reply.ExpiresIn) * time.Second
	if life != 30*time.Second || !claims.ExpiresAt.Equal(claims.IssuedAt.Add(life)) {
		r.t.Errorf("token lives from %v to %v, the reply says %v", claims.IssuedAt, claims.ExpiresAt, life)
	}
}

func (r *rig) wantLeaseUntil(id string, want time.Time) {
	r.t.Helper()
	if got := r.known(id).LeaseUntil; !got.Equal(want) {
		r.t.Errorf("the lease ends at %v, want %v", got, want)
	}
}

func TestANewSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first, second := r.renew(renewal("")), r.renew(renewal(""))
		if !contracts.ValidMissionID(first.Session) || first.Session == second.Session || !first.Lease || first.Dead {
			t.Errorf("answered %+v, then %+v", first, second)
		}
		r.wantToken(first)
		r.wantLeaseUntil(first.Session, time.Now().Add(contracts.LeaseDuration))
		want := renewal("")
		got := r.known(first.Session)
		if diff := cmp.Diff(
			[]any{want.SoldierID, want.Squads, want.Kinds, want.Slots, want.Version, want.Inbox, store.SessionLive},
			[]any{got.SoldierID, got.Squads, got.Kinds, got.Slots, got.Version, got.Inbox, got.State},
		); diff != "" {
			t.Error(diff)
		}
		if r.issued != 2 {
			t.Errorf("%d tokens counted, want 2", r.issued)
		}
	})
}

func TestARenewalExtendsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		first := r.renew(renewal(""))
		for range 3 {
			time.Sleep(contracts.RenewAfter)
			again := renewal(first.Session)
			again.Inbox = "amq.gen-2"
			reply := r.renew(again)
			if reply.Session != first.Session || !reply.Lease {
				t.Fatalf("answered %+v", reply)
			}
			r.wantToken(reply)
			r.wantLeaseUntil(first.Session, time.Now().Add(contracts.LeaseDuration))
		}
		if got := r.known(first.Session).Inbox; got != "amq.gen-2" {
			t.Errorf("the inbox is %s, want the new one", got)
		}
	})
}

// A renewal over the broker may be settled after a later one over HTTP, by when its inbox is gone. Commanders would think
// the soldier gone with it.
func TestARenewalThatWasOvertakenDoesNotBringItsInboxBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id := r.renew(renewal("")).Session
		late, next := renewal(id), renewal(id)
		late.Seq, late.Inbox = 7, "amq.gen-gone"
		next.Seq, next.Inbox = 8, "amq.gen-2"
		r.renew(next)
		time.Sleep(time.Second)
		if reply, err := r.Extend(t.Context(), late); err != nil || !reply.Lease || reply.Seq != 7 {
			t.Errorf("answered %+v, %v", reply, err)
		}
		if got := r.known(id).Inbox; got != "amq.gen-2" {
			t.Errorf("the inbox is %s, want the later renewal's", got)
		}
		r.wantLeaseUntil(id, time.Now().Add(contracts.LeaseDuration))
	})
}

func TestExtendGivesNoToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id := r.renew(renewal("")).Session
		time.Sleep(time.Minute)
		reply, err := r.Extend(t.Context(), renewal(id))
		if err != nil || reply.Token != "" || reply.ExpiresIn != 0 || !reply.Lease || r.issued != 1 {
			t.Errorf("answered %+v, %v; %d tokens", reply, err, r.issued)
		}
		r.wantLeaseUntil(id, time.Now().Add(contracts.LeaseDuration))
	})
}

func TestADeadSessionStaysDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id := r.renew(renewal("")).Session
		if _, err := r.store.Bury(t.Context(), id, r.known(id).RenewedAt); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if reply := r.renew(renewal(id)); !reply.Dead || reply.Token != "" {
				t.Errorf("answered %+v, want dead and no token", reply)
			}
			time.Sleep(time.Minute)
		}
		if reply := r.renew(renewal("")); reply.Session == id || reply.Dead || !reply.Lease {
			t.Errorf("the process goes on with %+v, want a new session", reply)
		}
	})
}

func TestASessionThatTheStoreLostIsRegisteredAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		const id = "50000000-0000-7000-8000-000000000001"
		if reply := r.renew(renewal(id)); reply.Session != id || !reply.Lease {
			t.Errorf("answered %+v", reply)
		}
		r.wantLeaseUntil(id, time.Now().Add(contracts.LeaseDuration))
	})
}

func TestWithoutTheStoreThereIsATokenAndNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		known := r.renew(renewal(""))
		until := time.Now().Add(contracts.LeaseDuration)
		r.store.away.Store(true)
		time.Sleep(time.Second)
		for _, id := range []string{known.Session, ""} {
			m := renewal(id)
			m.Running = []contracts.ExecutionRef{{MissionID: "a0000000-0000-7000-8000-000000000001", Execution: "e", Run: 1}}
			m.Unrecorded = m.Running
			reply := r.renew(m)
			if reply.Lease || reply.Dead || len(reply.Stop)+len(reply.Recorded) > 0 {
				t.Errorf("answered %+v, want no lease and no verdicts", reply)
			}
			r.wantToken(reply)
		}
		r.wantLeaseUntil(known.Session, until)
		// The lease is renewed, and then the store goes.
		r.store.away.Store(false)
		r.store.loadsFail.Store(true)
		m := renewal(known.Session)
		m.Unrecorded = []contracts.ExecutionRef{{MissionID: "a0000000-0000-7000-8000-000000000001", Execution: "e", Run: 1}}
		if reply := r.renew(m); !reply.Lease || len(reply.Recorded) > 0 {
			t.Errorf("answered %+v, want a lease and no verdicts", reply)
		}
	})
}

func TestAnotherSoldiersSessionIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id := r.renew(renewal("")).Session
		until := time.Now().Add(contracts.LeaseDuration)
		time.Sleep(time.Second)
		thief := renewal(id)
		thief.SoldierID, thief.Inbox = "soldier-2", "amq.gen-thief"
		reply, err := r.Renew(t.Context(), thief)
		var invalid *contracts.ValidationError
		if !errors.As(err, &invalid) || invalid.Fields[0].Field != "session" || reply.Token != "" {
			t.Errorf("answered %+v, %v; want an error about the session", reply, err)
		}
		// Its owner's lease, name and inbox are as before.
		r.wantLeaseUntil(id, until)
		if got := r.known(id); got.SoldierID != "soldier-1" || got.Inbox != "amq.gen-1" {
			t.Errorf("the session is soldier %s's, with the inbox %s", got.SoldierID, got.Inbox)
		}
	})
}

func TestARenewalIsToldWhatToStopAndWhatIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id := r.renew(renewal("")).Session
		refs := map[string]contracts.ExecutionRef{}
		for i, m := range []struct {
			name             string
			status           contracts.Status
			cancel           bool
			execution, final string
			run              int64
		}{
			{"runs", contracts.StatusInProgress, false, "runs", "", 1},
			{"cancelled", contracts.StatusInProgress, true, "cancelled", "", 1},
			{"superseded", contracts.StatusInProgress, false, "another", "", 2},
			{"requeued", contracts.StatusQueued, false, "", "", 1},
			{"recorded", contracts.StatusCompleted, false, "", "recorded", 1},
			{"refused", contracts.StatusCompleted, false, "", "another", 2},
			{"lost tail", contracts.StatusQueued, false, "", "", 0},
		} {
			mission := "a0000000-0000-7000-8000-00000000000" + string(rune('0'+i))
			rec := store.Record{Execution: m.execution, Recorded: m.final, Mission: contracts.Mission{
				MissionID: mission, Name: "m", Kind: "k", Status: m.status, CancelRequested: m.cancel, Attempt: 1, Run: m.run,
			}}
			if m.execution != "" {
				rec.Session = id
			}
			if _, err := r.store.Commit(t.Context(), store.Change{Record: rec}); err != nil {
				t.Fatal(err)
			}
			refs[m.name] = contracts.ExecutionRef{MissionID: mission, Execution: m.name, Run: 1}
		}
		refs["unknown"] = contracts.ExecutionRef{MissionID: "a0000000-0000-7000-8000-0000000000ff", Execution: "unknown", Run: 1}
		list := func(names ...string) (list []contracts.ExecutionRef) {
			for _, name := range names {
				list = append(list, refs[name])
			}
			return list
		}
		m := renewal(id)
		m.Running = list("runs", "cancelled", "superseded", "requeued", "lost tail", "unknown")
		m.Unrecorded = list("recorded", "runs", "refused", "superseded", "lost tail", "unknown")
		reply := r.renew(m)
		if diff := cmp.Diff([]contracts.Stop{
			{Execution: "cancelled", Reason: contracts.StopCancelled},
			{Execution: "superseded", Reason: contracts.StopSuperseded},
			{Execution: "requeued", Reason: contracts.StopSuperseded},
		}, reply.Stop); diff != "" {
			t.Errorf("to stop (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"recorded", "refused", "superseded"}, reply.Recorded); diff != "" {
			t.Errorf("recorded (-want +got):\n%s", diff)
		}
	})
}

// TestAGrantThatTheSoldierDoesNotNameIsShownToIt: a late copy of a claim was granted after an earlier one was refused.
func TestAGrantThatTheSoldierDoesNotNameIsShownToIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		id, other := r.renew(renewal("")).Session, r.renew(renewal("")).Session
		var refs []contracts.ExecutionRef
		for i, holder := range []string{id, id, id, id, other} {
			execution := "e" + string(rune('0'+i))
			mission := "a0000000-0000-7000-8000-00000000000" + string(rune('0'+i))
			if _, err := r.store.Commit(t.Context(), store.Change{Record: store.Record{
				Execution: execution, Session: holder, Mission: contracts.Mission{
					MissionID: mission, Name: "m", Kind: "k", Status: contracts.StatusInProgress, Attempt: 1, Run: 1,
				},
			}}); err != nil {
				t.Fatal(err)
			}
			refs = append(refs, contracts.ExecutionRef{MissionID: mission, Execution: execution, Run: 1})
		}
		m := renewal(id)
		m.Claims, m.Running, m.Unrecorded = refs[0:1], refs[1:2], refs[2:3]
		want := contracts.Ticket{MissionID: refs[3].MissionID, Attempt: 1, Run: 1, Execution: "e3", Session: id}.Sign(ticketKey)
		if diff := cmp.Diff([]contracts.Ticket{want}, r.renew(m).Unlisted); diff != "" {
			t.Errorf("unlisted (-want +got):\n%s", diff)
		}
	})
}

func TestARunningExecutionThatTheStoreDoesNotKnowIsToBeShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		began := contracts.At(time.Now())
		epoch := store.Epoch{}
		r.Service = session.New(session.Config{
			Epoch: func(context.Context) (store.Epoch, error) { return epoch, nil }, Store: r.store, Issuer: tokenauthtest.NewIssuer(t, time.Now),
			Keys: tokenauthtest.Keys(t), TicketKey: ticketKey, Squads: r, Now: time.Now, Issued: func() {}, Logger: zap.NewNop(),
		})
		id := r.renew(renewal("")).Session
		const lost, stale = "a0000000-0000-7000-8000-000000000001", "a0000000-0000-7000-8000-000000000002"
		for mission, run := range map[string]int64{lost: 0, stale: 2} {
			if _, err := r.store.Commit(t.Context(), store.Change{Record: store.Record{Mission: contracts.Mission{
				MissionID: mission, Name: "m", Kind: "k", Status: contracts.StatusQueued, Attempt: 1, Run: run,
			}}}); err != nil {
				t.Fatal(err)
			}
		}
		m := renewal(id)
		m.Running = []contracts.ExecutionRef{
			{MissionID: lost, Execution: "lost tail", Run: 1},
			{MissionID: stale, Execution: "superseded", Run: 1},
			{MissionID: "00000000-0000-7000-8000-000000000003", Execution: "wiped", Run: 1}, // of 1970
		}
		if diff := cmp.Diff([]string{"lost tail"}, r.renew(m).Show); diff != "" {
			t.Errorf("no wipe (-want +got):\n%s", diff)
		}
		epoch = store.Epoch{ID: "e", Began: began}
		if diff := cmp.Diff([]string{"lost tail", "wiped"}, r.renew(m).Show); diff != "" {
			t.Errorf("after a wipe (-want +got):\n%s", diff)
		}
		time.Sleep(contracts.AdoptionPeriod)
		if diff := cmp.Diff([]string{"lost tail"}, r.renew(m).Show); diff != "" {
			t.Errorf("a day later (-want +got):\n%s", diff)
		}
	})
}

func TestTheKeysArePublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		jwks, err := newRig(t).JWKS()
		if err != nil || len(jwks) == 0 {
			t.Fatalf("JWKS: %s, %v", jwks, err)
		}
	})
}
