package session_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/mission-control-dev/mission-control/store"
)

// TestASessionNeedsItsSquadsToStart: one that goes on only has them noted, and keeps its lease.
func TestASessionNeedsItsSquadsToStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.serve = errors.New("too many squads")
		if _, err := r.Renew(t.Context(), renewal("")); !errors.Is(err, r.serve) {
			t.Errorf("a new session: %v", err)
		}
		r.serve = store.ErrUnavailable
		reply := r.renew(renewal(""))
		if reply.Token == "" {
			t.Fatal("no token while the store is away")
		}
		r.serve = errors.New("too many squads")
		if again := r.renew(renewal(reply.Session)); !again.Lease || !slices.Equal(r.noted, []string{"default"}) {
			t.Errorf("%+v, noted %q", again, r.noted)
		}
	})
}
