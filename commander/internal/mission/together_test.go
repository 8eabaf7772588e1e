package mission

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// slow is a store whose commits wait for a word, and note how many changes each brought.
type slow struct {
	word  chan error
	mu    sync.Mutex
	sizes []int
}

func (s *slow) commit(ctx context.Context, changes ...store.Change) ([]store.Outcome, error) {
	s.mu.Lock()
	s.sizes = append(s.sizes, len(changes))
	s.mu.Unlock()
	if err := <-s.word; err != nil {
		return nil, err
	}
	outcomes := make([]store.Outcome, len(changes))
	for i, c := range changes {
		outcomes[i].Dispatch = c.DueAt.Millis()
	}
	return outcomes, ctx.Err()
}

func (s *slow) wantSizes(t *testing.T, want ...int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.sizes, want) {
		t.Fatalf("commits of %v changes, want %v", s.sizes, want)
	}
}

// caller applies the n-th change, and tells what came of it.
func caller(ctx context.Context, to *together, n int, payload string) <-chan error {
	done := make(chan error, 1)
	go func() {
		c := numbered(n)
		c.Record.Mission.Payload = []byte(payload)
		o, err := to.apply(ctx, c)
		if err == nil && o.Dispatch != int64(n) {
			err = fmt.Errorf("caller %d got the outcome of %d", n, o.Dispatch)
		}
		done <- err
	}()
	synctest.Wait()
	return done
}

func TestWhoComesMeanwhileSharesTheNextCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{word: make(chan error)}
		to := &together{commit: s.commit}
		var all []<-chan error
		for n := range commits {
			all = append(all, caller(t.Context(), to, n+1, ""))
		}
		s.wantSizes(t, 1, 1) // nobody waits who need not
		for n := commits; n < commits+maxTogether+3; n++ {
			all = append(all, caller(t.Context(), to, n+1, ""))
		}
		s.wantSizes(t, 1, 1)
		s.word <- nil
		s.wantSizes(t, 1, 1, maxTogether)
		s.word <- nil
		s.wantSizes(t, 1, 1, maxTogether, 3)
		close(s.word)
		for _, done := range all {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		if <-caller(t.Context(), to, 1, "") != nil || to.under != 0 || to.waiting != nil {
			t.Errorf("at rest %d are under way, %d wait", to.under, len(to.waiting))
		}
	})
}

func TestLargeChangesDoNotGather(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{word: make(chan error)}
		to := &together{commit: s.commit}
		for n := range commits {
			caller(t.Context(), to, n+1, "")
		}
		half := string(make([]byte, maxTogetherBytes/2))
		for n := range 3 {
			caller(t.Context(), to, n+1, half)
		}
		s.word <- nil
		s.wantSizes(t, 1, 1, 2)
		close(s.word)
		s.wantSizes(t, 1, 1, 2, 1)
	})
}

func TestACallerThatGivesUpLeavesTheOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slow{word: make(chan error)}
		to := &together{commit: s.commit}
		for n := range commits {
			caller(t.Context(), to, n+1, "")
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		hasty, patient := caller(ctx, to, 3, ""), caller(t.Context(), to, 4, "")
		if err := <-hasty; !errors.Is(err, store.ErrUnavailable) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who gave up got %v", err)
		}
		close(s.word)
		if err := <-patient; err != nil {
			t.Error(err)
		}
	})
}

func TestErrorsOfACommitThatWasShared(t *testing.T) {
	poison := errors.New("this one can't be written")
	for name, test := range map[string]struct {
		err   error
		fails int
		calls int
	}{
		"the store is away":         {store.ErrUnavailable, 3, 1},
		"one of them can't be told": {poison, 1, 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				gate := make(chan struct{})
				var calls atomic.Int32
				to := &together{commit: func(_ context.Context, changes ...store.Change) ([]store.Outcome, error) {
					<-gate
					if slices.ContainsFunc(changes, func(c store.Change) bool { return c.DueAt.Millis() > 9 }) {
						calls.Add(1)
					}
					if slices.ContainsFunc(changes, func(c store.Change) bool { return c.DueAt.Millis() == 10 }) {
						return nil, test.err
					}
					outcomes := make([]store.Outcome, len(changes))
					for i, c := range changes {
						outcomes[i].Dispatch = c.DueAt.Millis()
					}
					return outcomes, nil
				}}
				for n := range commits {
					caller(t.Context(), to, n+1, "")
				}
				var shared []<-chan error
				for n := range 3 {
					shared = append(shared, caller(t.Context(), to, 10+n, ""))
				}
				close(gate)
				failed := 0
				for _, done := range shared {
					if err := <-done; errors.Is(err, test.err) {
						failed++
					} else if err != nil {
						t.Error(err)
					}
				}
				if failed != test.fails || int(calls.Load()) != test.calls {
					t.Errorf("%d failed in %d calls, want %d in %d", failed, calls.Load(), test.fails, test.calls)
				}
			})
		})
	}
}

// TestManyCallersGetTheirOwnOutcomes is for the race detector, too.
func TestManyCallersGetTheirOwnOutcomes(t *testing.T) {
	var most atomic.Int32
	to := &together{}
	var under atomic.Int32
	to.commit = func(_ context.Context, changes ...store.Change) ([]store.Outcome, error) {
		defer under.Add(-1)
		if n := under.Add(1); n > most.Load() {
			most.Store(n)
		}
		outcomes := make([]store.Outcome, len(changes))
		for i, c := range changes {
			outcomes[i].Dispatch = c.DueAt.Millis()
		}
		return outcomes, nil
	}
	var all sync.WaitGroup
	for n := range 64 {
		all.Go(func() {
			for i := range 200 {
				number := 1 + n*1000 + i
				o, err := to.apply(t.Context(), numbered(number))
				if err != nil || o.Dispatch != int64(number) {
					t.Errorf("%d: got %d, %v", number, o.Dispatch, err)
				}
			}
		})
	}
	all.Wait()
	if most.Load() > commits {
		t.Errorf("%d commits were under way at once, at most %d may", most.Load(), commits)
	}
}

// numbered is a change that is told from others by its DueAt.
func numbered(n int) store.Change { return store.Change{DueAt: contracts.FromMillis(int64(n))} }
