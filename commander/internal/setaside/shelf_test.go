package setaside_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/broker/membroker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a shelf over a broker in memory, in a bubble.
type rig struct {
	t      *testing.T
	server *membroker.Server
	client *membroker.Client
	shelf  *setaside.Shelf

	mu  sync.Mutex
	did map[setaside.Action]int
}

func inRig(t *testing.T, test func(t *testing.T, r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, server: membroker.New(), did: map[setaside.Action]int{}}
		r.client, r.shelf = r.commander()
		test(t, r)
	})
}

// commander is one more client with a shelf.
func (r *rig) commander() (*membroker.Client, *setaside.Shelf) {
	all := topology.Default()
	c := r.server.Connect(membroker.Config{Topology: &all})
	r.t.Cleanup(func() { r.must(c.Close(context.Background())) })
	return c, setaside.New(c, func(a setaside.Action, n int) { r.mu.Lock(); defer r.mu.Unlock(); r.did[a] += n }, zap.NewNop())
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// refuse sets a status message aside, as the intake does.
func (r *rig) refuse(reason, body string) {
	r.t.Helper()
	r.must(r.client.Publish(r.t.Context(), topology.StatusRefused, broker.Message{
		ID: "m", Type: "status", Body: []byte(body),
		Headers: map[string]string{"reason": reason, "detail": "why", "queue": topology.Status, "trace": "kept"},
	}))
}

// reject has the broker dead-letter an order.
func (r *rig) reject(body string) {
	r.t.Helper()
	r.must(r.client.Publish(r.t.Context(), topology.Orders, broker.Message{Type: "order", Body: []byte(body)}))
	_, err := r.client.Browse(r.t.Context(), topology.Orders, broker.BrowseLimit{Messages: 1}, func(d broker.Delivery) { r.must(d.Nack(broker.DeadLettered)) })
	r.must(err)
}

func (r *rig) list(f setaside.Filter, limit int) setaside.Listing {
	r.t.Helper()
	l, err := r.shelf.List(r.t.Context(), f, limit)
	r.must(err)
	return l
}

func (r *rig) wantReady(queue string, want int) {
	r.t.Helper()
	d, err := r.client.Depth(r.t.Context(), queue)
	r.must(err)
	if d.Ready != want {
		r.t.Errorf("%s has %d messages, want %d", queue, d.Ready, want)
	}
}

func TestListShowsWhatIsThereAndLeavesIt(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		if l := r.list(setaside.Filter{}, 10); !l.Complete || len(l.Messages)+len(l.Counts) > 0 {
			t.Errorf("nothing is set aside: %+v", l)
		}
		r.refuse("superseded", `{"v":1,"type":"status","token":"eyJ.secret","n":1}`)
		r.refuse("unreadable", "\xff no json")
		r.refuse("unreadable", `"`+strings.Repeat("x", setaside.MaxBody)+`"`)
		r.reject(`{"v":1,"type":"order"}`)
		l := r.list(setaside.Filter{}, 10)
		if len(l.Messages) != 4 || !l.Complete {
			t.Fatalf("listed %+v", l)
		}
		first, second, third, order := l.Messages[0], l.Messages[1], l.Messages[2], l.Messages[3]
		if first.Queue != topology.StatusRefused || first.From != topology.Status || first.Type != "status" ||
			first.Reason != "superseded" || first.Detail != "why" || first.Size != 50 || len(first.ID) != 32 {
			t.Errorf("listed %+v", first)
		}
		if strings.Contains(string(first.Body), "secret") || !strings.Contains(string(first.Body), `"n":1`) || !json.Valid(first.Body) {
			t.Errorf("body %s", first.Body)
		}
		if string(second.BodyBase64) != "\xff no json" || second.Body != nil {
			t.Errorf("listed %+v", second)
		}
		if third.Body != nil || third.BodyBase64 != nil || third.Size != setaside.MaxBody+2 {
			t.Errorf("a large body is shown")
		}
		if order.Queue != topology.OrdersDead || order.From != topology.Orders || order.Reason != "rejected" || order.Type != "order" {
			t.Errorf("listed %+v", order)
		}
		want := []setaside.Count{
			{Queue: topology.OrdersDead, Reason: "rejected", Messages: 1}, {Queue: topology.StatusRefused, Reason: "superseded", Messages: 1},
			{Queue: topology.StatusRefused, Reason: "unreadable", Messages: 2},
		}
		if !slices.Equal(l.Counts, want) {
			t.Errorf("counts %+v", l.Counts)
		}
		for _, c := range []struct {
			filter       setaside.Filter
			limit, shown int
			complete     bool
		}{
			{setaside.Filter{}, 2, 2, false}, {setaside.Filter{Queue: topology.StatusRefused}, 10, 3, true},
			{setaside.Filter{Reason: "unreadable"}, 10, 2, true}, {setaside.Filter{ID: order.ID}, 10, 1, true},
			{setaside.Filter{Queue: topology.OrdersDead, Reason: "superseded"}, 10, 0, true},
		} {
			if l := r.list(c.filter, c.limit); len(l.Messages) != c.shown || l.Complete != c.complete {
				t.Errorf("%+v: %d messages, complete %v", c, len(l.Messages), l.Complete)
			}
		}
		r.wantReady(topology.StatusRefused, 3)
		r.wantReady(topology.OrdersDead, 1)
		if again := r.list(setaside.Filter{}, 10); again.Messages[0].ID != first.ID || again.Messages[3].ID != order.ID {
			t.Error("a second look has other ids")
		}
	})
}

func TestResendIsTheMessageAsItWas(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		r.refuse("superseded", `{"a":1}`)
		r.refuse("superseded", `{"b":2}`)
		r.reject(`{"order":1}`)
		for _, m := range r.list(setaside.Filter{}, 10).Messages {
			if m.Reason == "superseded" && string(m.Body) == `{"b":2}` {
				continue
			}
			done, err := r.shelf.Act(t.Context(), setaside.Resend, setaside.Filter{ID: m.ID})
			if err != nil || done != (setaside.Done{Messages: 1, Complete: true}) {
				t.Errorf("%s: %+v, %v", m.Queue, done, err)
			}
		}
		r.wantReady(topology.StatusRefused, 1)
		r.wantReady(topology.OrdersDead, 0)
		n, err := r.client.Browse(t.Context(), topology.Status, broker.BrowseLimit{Messages: 10}, func(d broker.Delivery) {
			if d.ID != "m" || d.Type != "status" || string(d.Body) != `{"a":1}` || len(d.Headers) != 1 || d.Headers["trace"] != "kept" {
				t.Errorf("sent again as %+v", d.Message)
			}
		})
		if err != nil || n != 1 {
			t.Errorf("%d messages, %v", n, err)
		}
		r.wantReady(topology.Orders, 1)
		if r.did[setaside.Resend] != 2 {
			t.Errorf("counted %v", r.did)
		}
	})
}

func TestBulk(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		for i := range 50 {
			r.refuse("superseded", fmt.Sprint(i))
			r.refuse("expired", fmt.Sprint(i))
		}
		// A message of nowhere, and the same one thrice.
		for range 3 {
			r.must(r.client.Publish(t.Context(), topology.StatusRefused, broker.Message{Body: []byte("stray")}))
		}
		done, err := r.shelf.Act(t.Context(), setaside.Drop, setaside.Filter{Queue: topology.StatusRefused, Reason: "expired"})
		if err != nil || done != (setaside.Done{Messages: 50, Complete: true}) {
			t.Errorf("drop: %+v, %v", done, err)
		}
		done, err = r.shelf.Act(t.Context(), setaside.Resend, setaside.Filter{Queue: topology.StatusRefused})
		if err != nil || done != (setaside.Done{Messages: 50, Skipped: 3, Complete: true}) {
			t.Errorf("resend: %+v, %v", done, err)
		}
		r.wantReady(topology.Status, 50)
		l := r.list(setaside.Filter{}, 10)
		if len(l.Messages) != 3 || l.Messages[0].From != "" {
			t.Fatalf("left %+v", l)
		}
		stray := setaside.Filter{ID: l.Messages[0].ID}
		if _, err := r.shelf.Act(t.Context(), setaside.Resend, stray); !errors.Is(err, setaside.ErrNoTarget) {
			t.Errorf("resend of a stray: %v", err)
		}
		if done, err := r.shelf.Act(t.Context(), setaside.Drop, stray); err != nil || done.Messages != 3 {
			t.Errorf("drop of the same three: %+v, %v", done, err)
		}
		if _, err := r.shelf.Act(t.Context(), setaside.Drop, stray); !errors.Is(err, setaside.ErrNotFound) {
			t.Errorf("once more: %v", err)
		}
	})
}

// refusing is a broker whose reader of status_queue refuses each message again at once.
type refusing struct {
	*membroker.Client
	sent int
}

func (b *refusing) Publish(ctx context.Context, queue string, m broker.Message) error {
	b.sent++
	m.Headers = map[string]string{"reason": "superseded", "queue": queue}
	return b.Client.Publish(ctx, topology.StatusRefused, m)
}

// TestWhatIsRefusedAgainIsNotLost, though it comes back into the call that sends it.
func TestWhatIsRefusedAgainIsNotLost(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		b := &refusing{Client: r.client}
		shelf := setaside.New(b, func(setaside.Action, int) {}, zap.NewNop())
		r.must(b.Publish(t.Context(), topology.Status, broker.Message{Type: "status", Body: []byte("final")}))
		for _, f := range []setaside.Filter{{ID: r.list(setaside.Filter{}, 1).Messages[0].ID}, {Queue: topology.StatusRefused}} {
			b.sent = 0
			done, err := shelf.Act(t.Context(), setaside.Resend, f)
			if err != nil || done != (setaside.Done{Messages: 1}) || b.sent != 1 {
				t.Errorf("resend: %+v, %v, sent %d times", done, err, b.sent)
			}
			synctest.Wait()
			r.wantReady(topology.StatusRefused, 1)
		}
	})
}

// TestTheSameMessageTwice is sent again one in a call, and dropped at once.
func TestTheSameMessageTwice(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		for range 4 {
			r.refuse("superseded", "1")
		}
		id := setaside.Filter{ID: r.list(setaside.Filter{}, 1).Messages[0].ID}
		for range 2 {
			if done, err := r.shelf.Act(t.Context(), setaside.Resend, id); err != nil || done != (setaside.Done{Messages: 1}) {
				t.Errorf("resend: %+v, %v", done, err)
			}
		}
		r.wantReady(topology.Status, 2)
		if done, err := r.shelf.Act(t.Context(), setaside.Drop, id); err != nil || done != (setaside.Done{Messages: 2, Complete: true}) {
			t.Errorf("drop: %+v, %v", done, err)
		}
		r.wantReady(topology.StatusRefused, 0)
	})
}

// TestAQueueThatIsNoMore holds up no other.
func TestAQueueThatIsNoMore(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		for i, from := range []string{topology.Orders + ".gone", topology.Status} {
			r.must(r.client.Publish(t.Context(), topology.StatusRefused, broker.Message{
				Body: []byte{byte(i)}, Headers: map[string]string{"queue": from},
			}))
		}
		gone := setaside.Filter{ID: r.list(setaside.Filter{}, 1).Messages[0].ID}
		done, err := r.shelf.Act(t.Context(), setaside.Resend, setaside.Filter{Queue: topology.StatusRefused})
		if err != nil || done != (setaside.Done{Messages: 1, Skipped: 1, Complete: true}) {
			t.Errorf("resend: %+v, %v", done, err)
		}
		if _, err := r.shelf.Act(t.Context(), setaside.Resend, gone); !errors.Is(err, setaside.ErrNoTarget) {
			t.Errorf("resend to a queue that is no more: %v", err)
		}
		r.wantReady(topology.StatusRefused, 1)
		r.wantReady(topology.Status, 1)
	})
}

// failing can't publish.
type failing struct{ *membroker.Client }

func (failing) Publish(context.Context, string, broker.Message) error { return broker.ErrRejected }

// TestNothingIsLostWhereSendingFails: what is not confirmed stays set aside.
func TestNothingIsLostWhereSendingFails(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		r.refuse("superseded", "1")
		r.refuse("superseded", "2")
		id := setaside.Filter{ID: r.list(setaside.Filter{}, 1).Messages[0].ID}
		shelf := setaside.New(failing{r.client}, func(setaside.Action, int) { t.Error("counted") }, zap.NewNop())
		for _, f := range []setaside.Filter{id, {Queue: topology.StatusRefused}} {
			if _, err := shelf.Act(t.Context(), setaside.Resend, f); !errors.Is(err, setaside.ErrUnavailable) {
				t.Errorf("the queue is full: %v", err)
			}
		}
		r.wantReady(topology.StatusRefused, 2)
		r.server.Down()
		if _, err := r.shelf.Act(t.Context(), setaside.Drop, id); !errors.Is(err, setaside.ErrUnavailable) {
			t.Errorf("the broker is away: %v", err)
		}
		if _, err := r.shelf.List(t.Context(), id, 1); !errors.Is(err, setaside.ErrUnavailable) {
			t.Errorf("the broker is away: %v", err)
		}
		r.server.Up()
		synctest.Wait()
		r.wantReady(topology.StatusRefused, 2)
	})
}

// TestCommandersAtOnce: each message is acted upon once, whoever acts.
func TestCommandersAtOnce(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		const messages = 200
		for i := range messages {
			r.refuse("superseded", fmt.Sprint(i))
		}
		_, other := r.commander()
		done := make([]setaside.Done, 4)
		var all sync.WaitGroup
		for i, shelf := range []*setaside.Shelf{r.shelf, other, r.shelf, other} {
			all.Go(func() {
				var err error
				if i < 2 {
					done[i], err = shelf.Act(t.Context(), setaside.Resend, setaside.Filter{Queue: topology.StatusRefused})
				} else {
					_, err = shelf.List(t.Context(), setaside.Filter{}, messages)
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, s := range []*setaside.Shelf{r.shelf, other} {
			d, err := s.Act(t.Context(), setaside.Resend, setaside.Filter{Queue: topology.StatusRefused})
			r.must(err)
			done[0].Messages += d.Messages
		}
		if n := done[0].Messages + done[1].Messages; n != messages {
			t.Errorf("%d were sent, want %d", n, messages)
		}
		r.wantReady(topology.Status, messages)
		r.wantReady(topology.StatusRefused, 0)
	})
}

// TestACallWhoseTurnDoesNotCome says so.
func TestACallWhoseTurnDoesNotCome(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		r.refuse("superseded", "1")
		ended, cancel := context.WithCancel(t.Context())
		b := &holding{Client: r.client, looks: make(chan struct{}), end: make(chan struct{})}
		shelf := setaside.New(b, func(setaside.Action, int) {}, zap.NewNop())
		var first sync.WaitGroup
		first.Go(func() {
			_, err := shelf.List(t.Context(), setaside.Filter{Queue: topology.StatusRefused}, 1)
			r.must(err)
		})
		<-b.looks
		cancel()
		if _, err := shelf.List(ended, setaside.Filter{}, 1); !errors.Is(err, setaside.ErrBusy) || !errors.Is(err, context.Canceled) {
			t.Errorf("list: %v", err)
		}
		close(b.end)
		first.Wait()
	})
}

// holding is a broker that takes its time.
type holding struct {
	*membroker.Client
	looks, end chan struct{}
}

func (b *holding) Browse(ctx context.Context, queue string, limit broker.BrowseLimit, look func(broker.Delivery)) (int, error) {
	close(b.looks)
	<-b.end
	return b.Client.Browse(ctx, queue, limit, look)
}

// TestAnActionWaitsForAMessageThatAnotherHolds for a moment.
func TestAnActionWaitsForAMessageThatAnotherHolds(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		r.refuse("superseded", "1")
		id := setaside.Filter{ID: r.list(setaside.Filter{}, 1).Messages[0].ID}
		other := r.server.Connect(membroker.Config{})
		defer func() { r.must(other.Close(context.Background())) }()
		held, look := make(chan struct{}), make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_, err := other.Browse(t.Context(), topology.StatusRefused, broker.BrowseLimit{Messages: 1}, func(broker.Delivery) { close(held); <-look })
			r.must(err)
		})
		<-held
		all.Go(func() {
			if done, err := r.shelf.Act(t.Context(), setaside.Drop, id); err != nil || done.Messages != 1 {
				t.Errorf("drop: %+v, %v", done, err)
			}
		})
		synctest.Wait()
		close(look)
		all.Wait()
	})
}

// short is a broker that others take messages from while it is looked through.
type short struct {
	*membroker.Client
	sees int
}

func (b short) Browse(ctx context.Context, queue string, _ broker.BrowseLimit, look func(broker.Delivery)) (int, error) {
	return b.Client.Browse(ctx, queue, broker.BrowseLimit{Messages: b.sees}, look)
}

// TestACallThatDidNotSeeAllThatWaitedSaysSo: the caller calls again.
func TestACallThatDidNotSeeAllThatWaitedSaysSo(t *testing.T) {
	inRig(t, func(t *testing.T, r *rig) {
		for i := range 3 {
			r.refuse("superseded", strconv.Itoa(i))
		}
		shelf := setaside.New(short{r.client, 2}, func(setaside.Action, int) {}, zap.NewNop())
		f := setaside.Filter{Queue: topology.StatusRefused}
		if l, err := shelf.List(t.Context(), f, 10); err != nil || l.Complete || len(l.Messages) != 2 {
			t.Errorf("list: %+v, %v", l, err)
		}
		synctest.Wait() // what was on loan is back
		for _, want := range []setaside.Done{{Messages: 2}, {Messages: 1, Complete: true}} {
			if done, err := shelf.Act(t.Context(), setaside.Drop, f); err != nil || done != want {
				t.Errorf("drop: %+v, %v, want %+v", done, err, want)
			}
		}
	})
}
