package session_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// inboxes are what was sent to each.
type inboxes map[string][]contracts.Answer

func (i inboxes) Send(inbox string, answers ...contracts.Answer) {
	i[inbox] = append(i[inbox], answers...)
}

// fromMemory is a store whose list of sessions is degraded.
type fromMemory struct{ store.Store }

func (m fromMemory) ListSessions(ctx context.Context) ([]store.Session, store.Source, error) {
	list, _, err := m.Store.ListSessions(ctx)
	return list, store.Source{Degraded: true}, err
}

func TestTheWishToDrainIsToldInEveryRenewalAndAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, heard := newRig(t), inboxes{}
		first := r.renew(renewal(""))
		time.Sleep(time.Second)
		second := r.renew(renewal("")) // another process of the same name
		other := renewal("")
		other.SoldierID, other.Inbox = "soldier-2", "amq.gen-2"
		third := r.renew(other)
		if first.Drain || second.Drain || third.Drain {
			t.Error("nobody asked them to drain")
		}
		got, err := session.NewDrainer(r.store, heard, zap.NewNop()).Drain(t.Context(), "soldier-1")
		if err != nil || got.ID != second.Session || !got.Draining {
			t.Errorf("%+v, %v; want session %s", got, err, second.Session)
		}
		told := contracts.Answer{Type: contracts.AnswerDrain}
		if diff := cmp.Diff(inboxes{"amq.gen-1": {told, told}}, heard); diff != "" {
			t.Error(diff)
		}
		for _, id := range []string{first.Session, second.Session, first.Session} {
			if reply := r.renew(renewal(id)); !reply.Drain {
				t.Errorf("renewal of %s: %+v", id, reply)
			}
			reply, err := r.Extend(t.Context(), renewal(id)) // what comes over the broker
			if err != nil || !reply.Drain {
				t.Errorf("renewal over the broker: %+v, %v", reply, err)
			}
		}
		other.Session = third.Session
		if reply := r.renew(other); reply.Drain {
			t.Error("another soldier is asked, too")
		}
	})
}

func TestWhoCannotBeAskedToDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, heard := newRig(t), inboxes{}
		reply := r.renew(renewal(""))
		ask := func(s session.DrainStore, id string) error {
			_, err := session.NewDrainer(s, heard, zap.NewNop()).Drain(t.Context(), id)
			return err
		}
		if err := ask(r.store, "soldier-2"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("unknown: %v, want ErrNotFound", err)
		}
		if err := ask(fromMemory{r.store}, "soldier-1"); !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("while the store is away: %v, want ErrUnavailable", err)
		}
		if _, err := r.store.Bury(t.Context(), reply.Session, r.known(reply.Session).RenewedAt); err != nil {
			t.Fatal(err)
		}
		if err := ask(r.store, "soldier-1"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("dead: %v, want ErrNotFound", err)
		}
		if len(heard) != 0 {
			t.Errorf("somebody was told: %v", heard)
		}
	})
}
