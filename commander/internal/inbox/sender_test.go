package inbox_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/inbox"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a sender with one soldier, in a bubble.
type rig struct {
	*inbox.Sender
	t         *testing.T
	commander *membroker.Client
	soldier   *membroker.Client
	inbox     string
	end       context.CancelFunc // of the soldier's inbox
	packs     [][]contracts.Answer
	dropped   atomic.Int32
}

func newRig(t *testing.T) *rig {
	server := membroker.New()
	r := &rig{t: t, commander: server.Connect(membroker.Config{}), soldier: server.Connect(membroker.Config{})}
	r.Sender = inbox.New(r.commander, func() { r.dropped.Add(1) }, zap.NewNop())
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	r.end = func() { cancel(); <-done }
	go func() {
		defer close(done)
		_ = r.soldier.Consume(ctx, broker.Subscription{Prefetch: 1, Handle: r.handle, Up: func(queue string) { r.inbox = queue }})
	}()
	t.Cleanup(func() {
		r.end()
		for range 2 {
			if err := r.Stop(context.Background()); err != nil {
				t.Error(err)
			}
		}
		_ = r.commander.Close(context.Background())
		_ = r.soldier.Close(context.Background())
	})
	synctest.Wait()
	return r
}

func (r *rig) handle(d broker.Delivery) {
	pack, err := contracts.DecodeAnswerPack(d.Body)
	if err != nil || d.Type != string(contracts.TypeAnswers) || d.Durability != broker.Transient || d.Expiration != time.Minute {
		r.t.Errorf("answer of type %s, durability %v, expiration %v: %v", d.Type, d.Durability, d.Expiration, err)
	}
	r.packs = append(r.packs, pack.Answers)
	if err := d.Ack(); err != nil {
		r.t.Error(err)
	}
}

// send sends n answers, numbered from first.
func (r *rig) send(first, n int) {
	for i := range n {
		r.Send(r.inbox, contracts.Answer{Type: contracts.AnswerRecorded, Execution: fmt.Sprint(first + i)})
	}
}

// wantPacks checks the sizes of the messages since the last call, and that the answers are numbered from first.
func (r *rig) wantPacks(first int, sizes ...int) {
	r.t.Helper()
	synctest.Wait()
	var got []int
	for _, pack := range r.packs {
		got = append(got, len(pack))
		for _, a := range pack {
			if a.Execution != fmt.Sprint(first) {
				r.t.Fatalf("answer %s came, want %d", a.Execution, first)
			}
			first++
		}
	}
	r.packs = nil
	if fmt.Sprint(got) != fmt.Sprint(sizes) {
		r.t.Fatalf("answers came in packs of %v, want %v", got, sizes)
	}
}

func TestAnswersThatGatherTravelTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		thaw := r.commander.Freeze()
		r.send(0, 1)
		synctest.Wait() // under way, with the broker silent
		r.send(1, 600)
		r.Send(r.inbox) // nothing
		thaw()
		r.wantPacks(0, 1, 256, 256, 88)
		r.send(601, 1)
		r.wantPacks(601, 1)
	})
}

func TestAnInboxThatIsGoneHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.Send("amq.gen-nobody", contracts.Answer{Type: contracts.AnswerPing})
		r.send(0, 1)
		r.wantPacks(0, 1)
	})
}

func TestAnswersThatFindNoRoomAreCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		thaw := r.commander.Freeze()
		r.send(0, 1)
		synctest.Wait() // under way: it does not wait any more
		r.send(1, 20_000)
		r.send(20_001, 3)
		r.Send("amq.gen-other", contracts.Answer{}, contracts.Answer{})
		if got := r.dropped.Load(); got != 5 {
			t.Errorf("%d answers dropped, want 5", got)
		}
		thaw()
		synctest.Wait()
		total := 0
		for _, pack := range r.packs {
			total += len(pack)
		}
		if total != 20_001 {
			t.Errorf("%d answers came, want 20,001", total)
		}
		r.packs = nil
		r.send(0, 1)
		r.wantPacks(0, 1)
	})
}

func TestAnAnswerIsNotWorthWaitingForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.commander.Freeze()
		r.send(0, 1)
		synctest.Wait()
		r.send(1, 1)
		time.Sleep(3*time.Second + time.Millisecond) // the first is given up
		r.commander.Cut()                            // and lost; the second's confirm with it
		synctest.Wait()
		r.send(2, 1)
		r.wantPacks(2, 1)
	})
}

func TestOnlyInboxesAreWrittenTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for _, queue := range []string{"", "status_queue", "orders_queue"} {
			r.Send(queue, contracts.Answer{Type: contracts.AnswerPing})
			if there, err := r.Deliverable(t.Context(), queue); there || err != nil {
				t.Errorf("%q counts as an inbox: %v, %v", queue, there, err)
			}
		}
	})
}

func TestDeliverable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		deliverable := func() (bool, error) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return r.Deliverable(ctx, r.inbox)
		}
		if there, err := deliverable(); !there || err != nil {
			t.Errorf("an inbox that exists: %v, %v", there, err)
		}
		synctest.Wait()
		if len(r.packs) != 1 || len(r.packs[0]) != 1 || r.packs[0][0].Type != contracts.AnswerPing {
			t.Errorf("the soldier heard %v, want a ping", r.packs)
		}
		// What is not known is an error, and no verdict.
		thaw := r.commander.Freeze()
		if _, err := deliverable(); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a silent broker: %v", err)
		}
		thaw()
		before := r.inbox
		r.soldier.Cut()
		synctest.Wait()
		if there, err := r.Deliverable(t.Context(), before); there || err != nil {
			t.Errorf("an inbox of a lost connection: %v, %v", there, err)
		}
		r.end()
		if there, err := deliverable(); there || err != nil {
			t.Errorf("an inbox that is gone: %v, %v", there, err)
		}
	})
}

func TestStopDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.commander.Freeze()
		r.send(0, 10)
		if err := r.Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
		r.send(10, 10)
		r.wantPacks(0)
	})
}
