package soldier_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier"
)

// fault changes how the commander behaves.
func (w *world) fault(f func(c *fakeCommander)) {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	f(w.c)
}

// posts is how many renewals were asked for by HTTP.
func (w *world) posts() int {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	return w.c.posts
}

// renewals is how many came over the broker.
func (w *world) renewals() int {
	w.c.mu.Lock()
	defer w.c.mu.Unlock()
	return w.c.renewals
}

func TestClaimIsPursuedUntilAnswered(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.fault(func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerGranted }
		})
		id := w.c.submit("work", `{"seconds":2}`)
		w.pass(10 * time.Second)
		if m := w.expect(id, contracts.StatusInProgress, ""); len(m.executions) != 1 || w.c.claims != 4 {
			t.Errorf("%d executions by %d claims in 10 s, want 1 by 4", len(m.executions), w.c.claims)
		}
		w.fault(func(c *fakeCommander) { c.mute = nil })
		w.pass(6 * time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 1 {
			t.Errorf("run is %d", m.Run)
		}
	})
}

func TestClaimIsPursuedOverANewConnection(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.fault(func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerGranted }
		})
		id := w.c.submit("work", `{"seconds":20}`)
		w.pass(time.Second)
		w.l.cut()
		w.pass(4 * time.Second)
		w.fault(func(c *fakeCommander) { c.mute = nil })
		w.l.restore()
		w.pass(5 * time.Second)
		// The order came again, and its claim was refused: the first one was granted.
		w.stats(soldier.Stats{Running: 1, Slots: 1})
		if m := w.c.mission(id); m.Run != 1 || len(m.executions) != 1 {
			t.Errorf("run %d, executions %v", m.Run, m.executions)
		}
		w.pass(30 * time.Second)
		w.expect(id, contracts.StatusCompleted, "")
		if n := w.b.ready(topology.Orders); n != 0 {
			t.Errorf("%d orders are left", n)
		}
	})
}

func TestDeadSession(t *testing.T) {
	inWorld(t, func(w *world) {
		causes := make(chan error, 4)
		w.start(func(s *soldier.Soldier) {
			soldier.Handle(s, "watch", func(ctx context.Context, m soldier.Mission[work]) (done, error) {
				out, err := worker(ctx, m)
				causes <- context.Cause(ctx)
				return out, err
			})
		})
		id := w.c.submit("watch", `{"seconds":40}`)
		w.pass(time.Second)
		w.c.declareDead(w.c.live()[0])
		w.pass(time.Minute + 20*time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 2 || m.Losses != 1 {
			t.Errorf("run %d, losses %d", m.Run, m.Losses)
		}
		if err := <-causes; !errors.Is(err, soldier.ErrSuperseded) {
			t.Errorf("first handler ended with %v", err)
		}
		if err := <-causes; err != nil {
			t.Errorf("second handler ended with %v", err)
		}
		if len(w.c.live()) != 1 || len(w.c.sessions) != 2 {
			t.Errorf("%d sessions live of %d", len(w.c.live()), len(w.c.sessions))
		}
		w.stats(soldier.Stats{})
	})
}

func TestClaimOfADeadSession(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.c.declareDead(w.c.live()[0])
		id := w.c.submit("work", `{"seconds":1}`) // its claim is answered session_dead
		w.pass(5 * time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 1 || m.Losses != 0 {
			t.Errorf("run %d, losses %d", m.Run, m.Losses)
		}
	})
}

func TestTokensBlocked(t *testing.T) {
	// POST /tokens hangs from the 5th to the 60th second, while a mission of 70 s runs and others end.
	for _, hang := range []bool{true, false} {
		inWorld(t, func(w *world) {
			began := time.Now()
			w.c.httpFault = func(ctx context.Context) error {
				if d := time.Since(began); d < 5*time.Second || d > 60*time.Second {
					return nil
				}
				if !hang {
					return errors.New("connection refused")
				}
				<-ctx.Done()
				return ctx.Err()
			}
			w.start()
			long := w.c.submit("work", `{"seconds":70}`)
			short := w.c.submit("work", `{"seconds":40}`) // ends when there is no token
			w.pass(55 * time.Second)
			w.expect(short, contracts.StatusInProgress, "")
			w.stats(soldier.Stats{Running: 1, Kept: 1, Slots: 2})
			w.pass(20 * time.Second)
			w.expect(long, contracts.StatusCompleted, "")
			m := w.expect(short, contracts.StatusCompleted, "")
			if at := m.FinishedAt.Sub(began); at < 39*time.Second || at > 41*time.Second {
				t.Errorf("short mission finished at %v, want 40 s: when it happened, not when it was told", at)
			}
			if len(w.c.sessions) != 1 || len(w.c.live()) != 1 {
				t.Errorf("%d sessions, %d live", len(w.c.sessions), len(w.c.live()))
			}
			if n := w.renewals(); n < 5 || n > 9 {
				t.Errorf("%d renewals over the broker in some 30 s", n)
			}
			w.pass(time.Minute)
			if n := w.renewals(); n > 9 {
				t.Errorf("%d renewals over the broker after HTTP was back", n)
			}
		})
	}
}

func TestDeathIsLearntOverTheBroker(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":60}`)
		w.pass(time.Second)
		blocked := true
		w.fault(func(c *fakeCommander) {
			c.httpFault = func(context.Context) error {
				if blocked {
					return errors.New("connection refused")
				}
				return nil
			}
		})
		w.pass(30 * time.Second)
		w.c.declareDead(w.c.live()[0])
		w.pass(6 * time.Second)
		if s := w.s.Stats(); s.Running != 0 {
			t.Errorf("handlers of a dead session run: %+v", s)
		}
		w.fault(func(*fakeCommander) { blocked = false })
		w.pass(70 * time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 2 {
			t.Errorf("run is %d", m.Run)
		}
	})
}

func TestBrokerAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":30}`)
		w.pass(10 * time.Second)
		w.l.cut()
		before := w.posts()
		w.pass(2 * time.Minute)
		if n := w.posts() - before; n < 55 || n > 65 {
			t.Errorf("%d renewals in 2 min without broker, want one in 2 s", n)
		}
		w.expect(id, contracts.StatusInProgress, "")
		w.stats(soldier.Stats{Kept: 1, Slots: 1})
		w.l.restore()
		w.pass(2 * time.Second)
		if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 1 {
			t.Errorf("run is %d", m.Run)
		}
		w.stats(soldier.Stats{})
		before = w.posts()
		w.pass(2 * time.Minute)
		if n := w.posts() - before; n > 6 {
			t.Errorf("%d renewals in 2 min with a broker", n)
		}
	})
}

func TestStoreAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		running := w.c.submit("work", `{"seconds":60}`)
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) { c.storeAway = true })
		later := w.c.submit("work", `{"seconds":1}`)
		before := w.posts()
		w.pass(2 * time.Minute)
		if n := w.posts() - before; n < 45 || n > 65 {
			t.Errorf("%d renewals in 2 min without lease, want one in 2 s once the first was refused", n)
		}
		w.fault(func(c *fakeCommander) { c.storeAway = false })
		w.pass(10 * time.Second)
		w.expect(running, contracts.StatusCompleted, "")
		w.expect(later, contracts.StatusCompleted, "")
		// Another commander may have its store: it would take these.
		if n := w.renewals(); n < 15 || n > 30 {
			t.Errorf("%d renewals over the broker in 2 min without lease, want one in 5 s", n)
		}
	})
}

// TestLittlePilesUpWhileTheStoreIsAway: nobody takes from status_queue then, and soldiers say what they have to say a
// few times, not for hours.
func TestLittlePilesUpWhileTheStoreIsAway(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		running := w.c.submit("work", `{"seconds":60}`)
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) { c.storeAway = true })
		later := w.c.submit("work", `{"seconds":1}`)
		before := w.c.claims
		w.pass(10 * time.Hour)
		finals := 0
		w.b.each(topology.Status, func(m broker.Message) {
			p, err := contracts.DecodeStatusPack(m.Body)
			if err != nil {
				return // a renewal
			}
			for _, u := range p.Updates {
				if u.Status.Final() {
					finals++
				}
			}
		})
		if finals == 0 || finals > 3 {
			t.Errorf("%d copies of a final wait, want 1 to 3", finals)
		}
		w.fault(func(c *fakeCommander) { c.storeAway = false })
		w.pass(40 * time.Second)
		w.expect(running, contracts.StatusCompleted, "")
		w.expect(later, contracts.StatusCompleted, "")
		if n := w.c.claims - before; n > 15 {
			t.Errorf("%d copies of a claim waited, want at most 15", n)
		}
	})
}

func TestConfirmLost(t *testing.T) {
	inWorld(t, func(w *world) {
		var published atomic.Int64 // packs fly side by side
		w.l.publish = func(string, broker.Message) (bool, error) {
			if published.Add(1)%2 == 1 {
				return true, broker.ErrUnavailable
			}
			return true, nil
		}
		w.start()
		var ids []string
		for range 20 {
			ids = append(ids, w.c.submit("work", `{"seconds":1}`))
		}
		w.pass(time.Minute)
		for _, id := range ids {
			if m := w.expect(id, contracts.StatusCompleted, ""); m.Run != 1 || m.finals != 1 {
				t.Errorf("run %d, %d finals", m.Run, m.finals)
			}
		}
		w.stats(soldier.Stats{})
	})
}

// TestDeadline: it comes before the mission's timeout; what the handler makes of the end of its context counts.
func TestDeadline(t *testing.T) {
	for _, test := range []struct {
		do     string
		status contracts.Status
		code   string
		after  time.Duration
	}{
		{"", contracts.StatusFailed, contracts.ErrorCodeDeadline, 5 * time.Second},
		{"ignore", contracts.StatusFailed, contracts.ErrorCodeDeadline, 15 * time.Second},
		{"finish", contracts.StatusCompleted, "", 5 * time.Second},
	} {
		t.Run(test.do, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start()
				deadline := time.Now().Add(5 * time.Second)
				id := w.c.submit("work", `{"seconds":40,"do":"`+test.do+`"}`, func(m *contracts.Mission) {
					m.TimeoutSeconds, m.DeadlineAt = 30, contracts.At(deadline)
				})
				w.pass(test.after - 100*time.Millisecond)
				w.expect(id, contracts.StatusInProgress, "")
				w.pass(200 * time.Millisecond)
				w.expect(id, test.status, test.code)
				w.pass(40 * time.Second)
				w.stats(soldier.Stats{})
			})
		})
	}
}

func TestTimeoutAndCancel(t *testing.T) {
	for _, test := range []struct {
		name, do string
		cancel   bool
		status   contracts.Status
		code     string
		after    time.Duration // when it is reported
	}{
		{"timeout", "", false, contracts.StatusFailed, "timeout", 5 * time.Second},
		{"timeout ignored", "ignore", false, contracts.StatusFailed, "timeout", 15 * time.Second},
		{"timeout, done all the same", "finish", false, contracts.StatusCompleted, "", 5 * time.Second},
		{"cancel", "", true, contracts.StatusCancelled, "cancelled", 3 * time.Second},
		{"cancel ignored", "ignore", true, contracts.StatusCancelled, "cancelled", 13 * time.Second},
		{"cancel, done all the same", "finish", true, contracts.StatusCompleted, "", 3 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				w.start()
				id := w.c.submit("work", `{"seconds":40,"do":"`+test.do+`"}`, func(m *contracts.Mission) { m.TimeoutSeconds = 5 })
				w.pass(3 * time.Second)
				began := time.Now().Add(-3 * time.Second)
				if test.cancel {
					w.c.cancel(id)
				}
				w.pass(test.after - 3*time.Second - 100*time.Millisecond)
				if test.after > 3*time.Second {
					w.expect(id, contracts.StatusInProgress, "")
				}
				w.pass(200 * time.Millisecond)
				m := w.expect(id, test.status, test.code)
				if at := m.FinishedAt.Sub(began); (at - test.after).Abs() > 50*time.Millisecond {
					t.Errorf("ended after %v, want %v", at, test.after)
				}
				if test.do == "ignore" {
					w.stats(soldier.Stats{Running: 1, Slots: 1}) // as long as the handler does not return
				}
				w.pass(40 * time.Second)
				w.stats(soldier.Stats{})
				if m := w.c.mission(id); m.finals != 1 {
					t.Errorf("%d finals", m.finals)
				}
			})
		})
	}
}

func TestCancelIsLearntByRenewal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.fault(func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerStop }
		})
		id := w.c.submit("work", `{"seconds":100}`)
		w.pass(time.Second)
		w.c.cancel(id)
		w.pass(26 * time.Second)
		w.expect(id, contracts.StatusCancelled, "cancelled")
	})
}

func TestSupersededBySomeoneElse(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":100}`)
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) { c.missions[id].execution, c.missions[id].session = "another", "another's" })
		w.pass(27 * time.Second)
		w.stats(soldier.Stats{})
		if m := w.c.mission(id); m.finals != 0 {
			t.Errorf("%d finals of an execution that was taken away", m.finals)
		}
	})
}

func TestKeptResultsAreBounded(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.fault(func(c *fakeCommander) { c.unrecorded = true })
		for range 40 {
			w.c.submit("work", `{}`)
		}
		w.pass(time.Minute)
		w.stats(soldier.Stats{Kept: 16, Waiting: 4})
		if n := w.b.ready(topology.Orders); n != 40-16-4 {
			t.Errorf("%d orders wait at the broker", n)
		}
		w.fault(func(c *fakeCommander) { c.unrecorded = false })
		w.pass(2 * time.Minute) // sent again every 30 s
		w.stats(soldier.Stats{})
	})
}

func TestNoHandler(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("juggle", `{}`)
		w.pass(2 * time.Second)
		if m := w.expect(id, contracts.StatusQueued, ""); m.noHandler != 1 {
			t.Errorf("told back %d times", m.noHandler)
		}
		w.l.cut()
		if n := w.b.ready(topology.Orders); n != 0 {
			t.Errorf("%d orders are left: the order was not acked", n)
		}
	})
}

func TestUnreadableOrder(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		for _, body := range []string{"", "{", `{"v":1,"type":"order"}`, `{"v":9,"type":"order"}`, `{"v":1,"type":"answers"}`} {
			_ = w.b.put(topology.Orders, broker.Message{Body: []byte(body)})
		}
		id := w.c.submit("work", `{}`)
		w.pass(2 * time.Second)
		w.expect(id, contracts.StatusCompleted, "")
		w.stats(soldier.Stats{Unreadable: 5})
		if n := w.b.ready(topology.OrdersDead); n != 5 {
			t.Errorf("%d orders set aside", n)
		}
	})
}

func TestLongRunningOrderIsAcked(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		id := w.c.submit("work", `{"seconds":100}`)
		w.pass(59 * time.Second)
		w.l.cut()
		w.pass(0)
		if n := w.b.ready(topology.Orders); n != 1 {
			t.Errorf("%d orders at the broker before 60 s, want the one", n)
		}
		w.l.restore()
		w.pass(5 * time.Second) // refused, acked
		w.l.cut()
		w.pass(0)
		if n := w.b.ready(topology.Orders); n != 0 {
			t.Errorf("%d orders at the broker", n)
		}
		w.l.restore()
		again := w.c.submit("work", `{"seconds":100}`)
		w.pass(61 * time.Second)
		w.l.cut()
		w.pass(0)
		if n := w.b.ready(topology.Orders); n != 0 {
			t.Errorf("%d orders at the broker after 60 s", n)
		}
		w.l.restore()
		w.pass(time.Minute)
		w.expect(id, contracts.StatusCompleted, "")
		w.expect(again, contracts.StatusCompleted, "")
	})
}

func TestEverythingComesLate(t *testing.T) {
	inWorld(t, func(w *world) {
		w.l.cut()
		away := true
		w.c.httpFault = func(context.Context) error {
			if away {
				return errors.New("connection refused")
			}
			return nil
		}
		w.start()
		id := w.c.submit("work", `{"seconds":1}`)
		w.pass(time.Minute)
		w.l.restore()
		w.pass(time.Minute)
		if n := w.b.ready(topology.Orders); n != 1 {
			t.Errorf("a soldier that nobody has let in took an order")
		}
		w.fault(func(*fakeCommander) { away = false })
		w.pass(10 * time.Second)
		w.expect(id, contracts.StatusCompleted, "")
	})
}

func TestWrongEnrolmentKey(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.EnrollmentKey = "another key"
		w.start()
		w.c.submit("work", `{}`)
		w.pass(time.Minute)
		if n := w.b.ready(topology.Orders); n != 1 {
			t.Error("a soldier that nobody has let in took an order")
		}
	})
}

func TestDrain(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		ends := w.c.submit("work", `{"seconds":20}`)
		long := w.c.submit("work", `{"seconds":200}`)
		stubborn := w.c.submit("work", `{"seconds":200,"do":"finish"}`)
		w.c.submit("work", `{"seconds":200}`)
		w.c.submit("work", `{"seconds":200}`)
		w.pass(10 * time.Second)
		began := time.Now()
		stopped := make(chan error, 2)
		go func() { stopped <- w.s.Stop(w.t.Context()) }()
		go func() { stopped <- w.s.Stop(w.t.Context()) }()
		w.pass(time.Second)
		late := w.c.submit("work", `{}`)
		w.pass(time.Minute)
		for range 2 {
			if err := <-stopped; err != nil {
				t.Errorf("stop: %v", err)
			}
		}
		if m := w.c.mission(ends); m.Status != contracts.StatusCompleted {
			t.Errorf("mission that ended in time is %s", m.Status)
		}
		if m := w.c.mission(stubborn); m.Status != contracts.StatusCompleted {
			t.Errorf("mission that ended at the last moment is %s", m.Status)
		}
		for _, id := range []string{long, late} {
			if m := w.c.mission(id); m.Status != contracts.StatusQueued || m.Attempt != 1 {
				t.Errorf("mission is %s, want QUEUED", m.Status)
			}
		}
		if n := w.b.ready(topology.Orders); n != 4 {
			t.Errorf("%d orders at the broker, want 4", n)
		}
		if d := time.Since(began); d > 2*time.Minute {
			t.Errorf("stop took %v", d)
		}
	})
}

func TestDrainWithClaimOpen(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) {
			c.mute = func(a contracts.Answer) bool { return a.Type == contracts.AnswerGranted }
		})
		id := w.c.submit("work", `{"seconds":1}`)
		w.pass(time.Second)
		stopped := make(chan error, 1)
		go func() { stopped <- w.s.Stop(w.t.Context()) }()
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) { c.mute = nil })
		if err := <-stopped; err != nil {
			t.Errorf("stop: %v", err)
		}
		w.pass(time.Second)
		if m := w.expect(id, contracts.StatusQueued, ""); m.finals != 1 || m.Losses != 0 {
			t.Errorf("%d finals, %d losses; want one RELEASED", m.finals, m.Losses)
		}
	})
}

func TestDrainWithoutBroker(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.DrainTimeout = 3 * time.Second
		w.start()
		w.c.submit("work", `{"seconds":100}`)
		w.pass(time.Second)
		w.l.cut()
		began := time.Now()
		if err := w.s.Stop(w.t.Context()); !errors.Is(err, soldier.ErrDrained) {
			t.Errorf("stop gave %v, want ErrDrained", err)
		}
		if d := time.Since(began); d > 9*time.Second {
			t.Errorf("stop took %v", d)
		}
	})
}

func TestStopEndsWithItsContext(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.c.submit("work", `{"seconds":100,"do":"ignore"}`)
		w.pass(time.Second)
		ctx, cancel := context.WithTimeout(w.t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		if err := w.s.Stop(ctx); !errors.Is(err, soldier.ErrDrained) {
			t.Errorf("stop gave %v, want ErrDrained", err)
		}
		if d := time.Since(began); d > 3*time.Second {
			t.Errorf("stop took %v", d)
		}
		time.Sleep(100 * time.Second)
	})
}

func TestSecondCommanderRenewsTheLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.CommanderURLs = []string{"http://one", "http://two"}
		asked := map[string]int{}
		w.cfg.HTTPClient.Transport = roundTripper(func(r *roundTrip) {
			asked[r.host]++
			if r.host == "one" {
				w.fault(func(c *fakeCommander) { c.storeAway = true })
				defer w.fault(func(c *fakeCommander) { c.storeAway = false })
			}
			r.reply(w.c)
		})
		w.start()
		id := w.c.submit("work", `{"seconds":90}`)
		w.pass(2 * time.Minute)
		w.expect(id, contracts.StatusCompleted, "")
		if len(w.c.sessions) != 1 || asked["two"] < 4 || asked["one"] != 1 {
			t.Errorf("%d sessions, asked %v; want the second preferred", len(w.c.sessions), asked)
		}
	})
}

func TestJournal(t *testing.T) {
	inWorld(t, func(w *world) {
		w.cfg.Journal = filepath.Join(t.TempDir(), "journal.jsonl")
		w.start()
		w.c.submit("work", `{"seconds":1}`)
		w.pass(2 * time.Second)
		w.c.submit("work", `{"do":"panic"}`)
		w.pass(2 * time.Second)
		f, err := os.Open(w.cfg.Journal)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		var got []string
		for lines := bufio.NewScanner(f); lines.Scan(); {
			var line struct {
				Event, Outcome, Execution, Session string
				MissionID                          string `json:"mission_id"`
				SoldierID                          string `json:"soldier_id"`
				Run                                int64
				PID, Attempt                       int
				At                                 time.Time
			}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line.Run != 1 || line.PID != os.Getpid() || line.Attempt != 1 || line.SoldierID != "s1" || line.At.IsZero() ||
				len(line.Execution) != 32 || line.Session == "" || line.MissionID == "" {
				t.Errorf("line is %s", lines.Text())
			}
			got = append(got, strings.TrimSpace(line.Event+" "+line.Outcome))
		}
		if strings.Join(got, ", ") != "start, end COMPLETED, start, end FAILED" {
			t.Errorf("journal says %q", got)
		}
	})
}

func TestJournalThatCantBeWritten(t *testing.T) {
	s, err := soldier.New(soldier.Config{ID: "s", EnrollmentKey: "k", Journal: "/dev/null/journal", Broker: newLink(newFakeBroker())})
	if err != nil {
		t.Fatal(err)
	}
	soldier.Handle(s, "work", worker)
	var c *soldier.ConfigError
	if err := s.Start(t.Context()); !errors.As(err, &c) || c.Field != "Journal" {
		t.Errorf("start gave %v", err)
	}
}

func TestResultsOfADeadSessionAreForgotten(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.fault(func(c *fakeCommander) { c.unrecorded = true })
		w.c.submit("work", `{}`)
		w.pass(2 * time.Second)
		w.stats(soldier.Stats{Kept: 1})
		w.c.declareDead(w.c.live()[0])
		w.pass(2 * time.Minute) // a final sent now would speak for the dead session, which inWorld counts as wrong
		w.stats(soldier.Stats{})
	})
}

func TestLongMissionsDrawNoOrdersBehindThem(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		var ids []string
		for range 4 {
			ids = append(ids, w.c.submit("work", `{"seconds":200}`))
		}
		w.pass(70 * time.Second) // their orders are acked by now
		for range 5 {
			ids = append(ids, w.c.submit("work", `{"seconds":1}`))
		}
		w.pass(10 * time.Second)
		w.stats(soldier.Stats{Running: 4, Slots: 4})
		if n := w.b.ready(topology.Orders); n != 5 {
			t.Errorf("%d orders wait at the broker, want all 5", n)
		}
		w.pass(140 * time.Second)
		for _, id := range ids {
			w.expect(id, contracts.StatusCompleted, "")
		}
	})
}

func TestOrdersAreGivenBackWithoutLease(t *testing.T) {
	inWorld(t, func(w *world) {
		w.start()
		w.pass(time.Second)
		w.fault(func(c *fakeCommander) { c.storeAway = true })
		id := w.c.submit("work", `{"seconds":1}`)
		for range 4 {
			w.c.submit("work", `{"seconds":100}`)
		}
		w.pass(time.Minute)
		if s := w.s.Stats(); s.Waiting != 0 {
			t.Errorf("orders are kept without lease: %+v", s)
		}
		w.fault(func(c *fakeCommander) { c.storeAway = false })
		w.pass(5 * time.Second)
		w.expect(id, contracts.StatusCompleted, "")
	})
}
