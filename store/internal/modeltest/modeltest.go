// Package modeltest compares stores with memstore, the model: the same random sequence of operations runs on the model
// and on all of them in lock-step, and every answer must be the same.
//
// A store whose truth can be cut off from it (Subject.Cut) is asked on while it is. What decides must be
// store.ErrUnavailable then. What is read may be degraded, but it is something that was true, and never older than what
// that store showed or wrote before.
//
// Sequences are drawn by rapid, which shrinks the ones that fail. RAPID_CHECKS=5000 in the environment makes long runs.
//
// Times are kept out of the sequences where the clocks could disagree: due entries lie an hour back or ahead, leases are
// an hour long or over at once.
package modeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"pgregory.net/rapid"
)

// Subject is a store that is compared with the model. Its truth is empty at first.
type Subject struct {
	Name  string
	Store store.Store
	// Cut takes the truth away from Store, and Mend gives it back and returns when Store has noticed. Nil where nothing
	// can be cut.
	Cut, Mend func()
	// Others is another way to the same truth, which Cut leaves open: others go on while Store is cut off. Required with
	// Cut.
	Others store.Store
	// CatchUp returns once Store has learned, by itself, all that others did. Nil where it does not learn by itself, or
	// where waiting for it takes too long.
	CatchUp func()
}

// Agree runs sequences against stores that subjects returns anew for each.
func Agree(t *testing.T, subjects func(t *rapid.T) []Subject) {
	rapid.Check(t, func(r *rapid.T) { Sequence(r, subjects(r)) })
}

// Sequence runs one sequence.
func Sequence(r *rapid.T, subjects []Subject) {
	l := &lockstep{
		T: r, ctx: context.Background(), model: memstore.New(memstore.Config{}), missions: map[string][]told{},
	}
	for range 6 {
		l.ids = append(l.ids, l.newID())
	}
	for _, s := range subjects {
		l.peers = append(l.peers, &peer{
			Subject: s, dispatches: map[int64]int64{}, events: map[string]string{}, renewed: map[string]store.Session{},
			seen: map[string]int64{},
		})
	}
	defer l.mendAll() // also where an answer was wrong: subjects may share what was cut
	l.noteCounts()
	l.noteFleet()
	step := func(do func()) func(*rapid.T) { return func(*rapid.T) { do() } }
	steps := map[string]func(*rapid.T){
		"":         step(l.state),
		"commit":   step(l.commit),
		"commit 2": step(l.commit),
		"create":   step(l.createAll),
		"illegal":  step(l.illegal),
		"take":     step(l.take),
		"clear":    step(l.clear),
		"deadline": step(l.deadlines),
		"unshelve": step(l.unshelve),
		"shelved":  step(l.shelved),
		"broker":   step(l.brokerID),
		"document": step(l.document),
		"limit":    step(l.limit),
		"report":   step(l.report),
		"renew":    step(l.renew),
		"drain":    step(l.drain),
		"expired":  step(l.expired),
		"bury":     step(l.bury),
		"trim":     step(l.trim),
		"remove":   step(l.remove),
		"list":     step(l.list),
		"events":   step(l.readEvents),
		"sessions": step(l.sessions),
	}
	if slices.ContainsFunc(l.peers, func(p *peer) bool { return p.Cut != nil }) {
		steps["cut or mend"] = step(l.cut)
	}
	r.Repeat(steps)
	l.end()
}

// lockstep is the model and the stores after the same operations.
type lockstep struct {
	*rapid.T
	ctx   context.Context
	model *memstore.Store
	peers []*peer
	// ids are the missions that there are, or may be; gone those that were removed: their ids never come again. born counts both.
	ids, gone []string
	born      int

	entries []store.Due // of the model, as they were given
	read    []string    // ids of the model's events, as they were read
	// missions have all versions that ever were; counts, squads and fleets all counts and lists of sessions.
	missions map[string][]told
	counts   []map[contracts.Status]int64
	squads   []map[string]store.Unended
	fleets   [][]store.Session
}

// told is one version of a mission.
type told struct {
	record  store.Record
	history store.History
}

// peer is a subject, and what it gave.
type peer struct {
	Subject
	away bool
	// dispatches and events map what the model gave to what this store gave.
	dispatches map[int64]int64
	events     map[string]string
	renewed    map[string]store.Session
	// seen is the version of each mission that it showed or wrote last.
	seen map[string]int64
}

// cut cuts a subject's truth off, or gives it back.
func (l *lockstep) cut() {
	p := l.peers[rapid.IntRange(0, len(l.peers)-1).Draw(l.T, "subject")]
	switch {
	case p.away:
		p.mend()
	case p.Cut != nil:
		p.Cut()
		p.away = true
	}
}

func (p *peer) mend() {
	if p.away {
		p.Mend()
		p.away = false
	}
}

func (l *lockstep) mendAll() {
	for _, p := range l.peers {
		p.mend()
	}
}

// end gives every store its truth back. Then each must have all of it, and what learns by itself must know all of it.
func (l *lockstep) end() {
	l.mendAll()
	l.state()
	for _, p := range l.peers {
		if p.CatchUp == nil {
			continue
		}
		p.CatchUp()
		if p.Cut == nil {
			continue
		}
		p.Cut()
		p.away = true
		for _, id := range l.ids {
			versions := l.missions[id]
			if len(versions) == 0 {
				continue
			}
			newest := versions[len(versions)-1].record.Mission.Version
			got, source, err := p.Store.Get(l.ctx, id)
			if err != nil || !source.Degraded || got.Mission.Version != newest {
				l.Fatalf("%s did not learn version %d of %s: it has %d, degraded %v, %v", p.Name, newest, id,
					got.Mission.Version, source.Degraded, err)
			}
		}
		l.state()
	}
}

// each runs an operation that decides on the model and on every store, and compares what they say. paired gets what the
// model and a store gave. p is nil for the model.
func each[T any](
	l *lockstep, what string, op func(ctx context.Context, s store.Store, p *peer) (T, error), paired func(p *peer, want, got T), options ...cmp.Option,
) {
	l.Helper()
	want, wantErr := op(l.ctx, l.model, nil)
	for _, p := range l.peers {
		s := p.Store
		if p.away {
			if l.oneIn(4, "asked while cut off") { // not always: it takes its time
				l.unavailable(what, p, wantErr, func(ctx context.Context) error { _, err := op(ctx, s, p); return err })
			}
			s = p.Others
		}
		got, gotErr := op(l.ctx, s, p)
		same(l, what, p, want, wantErr, got, gotErr, options...)
		if paired != nil && wantErr == nil {
			paired(p, want, got)
		}
	}
}

// unavailable asks a store that is cut off. It must say so, unless it needs no truth to say that it was asked the wrong thing.
func (l *lockstep) unavailable(what string, p *peer, wantErr error, ask func(ctx context.Context) error) {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, patience)
	defer cancel()
	if err := ask(ctx); !errors.Is(err, store.ErrUnavailable) && (wantErr == nil || known(wantErr)) {
		l.Fatalf("%s: %s is cut off, and says %v", what, p.Name, err)
	}
}

// patience is how long a store that is cut off is waited for: it may hang.
const patience = 10 * time.Second

// known tells whether an error is one that a store gives for what it holds, not for what it was asked.
func known(err error) bool {
	for _, kind := range []error{store.ErrNotFound, store.ErrSessionDead, store.ErrSessionChanged, store.ErrDocumentChanged, store.ErrUnavailable} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// same compares two answers, errors by what they are.
func same[T any](l *lockstep, what string, p *peer, want T, wantErr error, got T, gotErr error, options ...cmp.Option) {
	l.Helper()
	for _, kind := range []error{
		store.ErrNotFound, store.ErrSessionDead, store.ErrSessionChanged, store.ErrDocumentChanged, store.ErrEventsTrimmed, store.ErrCursor,
		store.ErrUnavailable, store.ErrNotInMemory,
	} {
		if errors.Is(wantErr, kind) != errors.Is(gotErr, kind) {
			l.Fatalf("%s: the model says %v, %s %v", what, wantErr, p.Name, gotErr)
		}
	}
	if (wantErr == nil) != (gotErr == nil) {
		l.Fatalf("%s: the model says %v, %s %v", what, wantErr, p.Name, gotErr)
	}
	if d := diff(want, got, options...); d != "" {
		l.Fatalf("%s: the model is -, %s +\n%s", what, p.Name, d)
	}
}

// diff is cmp.Diff, soon done where there is nothing to tell.
func diff(want, got any, options ...cmp.Option) string {
	if reflect.DeepEqual(want, got) {
		return ""
	}
	return cmp.Diff(want, got, append(options, loosely())...)
}

// loosely takes empty and nil for the same, and bodies as a whole: they may be large.
func loosely() cmp.Option {
	some := func(a, b json.RawMessage) bool { return len(a)+len(b) > 0 }
	return cmp.Options{
		cmpopts.EquateEmpty(),
		cmp.FilterValues(some, cmp.Comparer(func(a, b json.RawMessage) bool { return bytes.Equal(a, b) })),
	}
}
