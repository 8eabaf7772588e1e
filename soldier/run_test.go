package soldier_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/soldier"
)

// TestRunIsAWholeLife: it ends with its context, or on an operator's word, once what runs is done.
func TestRunIsAWholeLife(t *testing.T) {
	for name, end := range map[string]func(w *world, cancel func()){
		"with its context":      func(_ *world, cancel func()) { cancel() },
		"on an operator's word": func(w *world, _ func()) { w.c.drain() },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(w *world) {
				s, err := soldier.New(w.cfg)
				if err != nil {
					t.Fatal(err)
				}
				soldier.Handle(s, "work", worker)
				ctx, cancel := context.WithCancel(w.t.Context())
				defer cancel()
				ended := make(chan error, 1)
				go func() { ended <- s.Run(ctx) }()
				w.pass(time.Second)
				running := w.c.submit("work", `{"seconds":10}`)
				w.pass(time.Second)
				end(w, cancel)
				synctest.Wait()
				select {
				case err := <-ended:
					t.Fatalf("it ended while a mission ran: %v", err)
				default:
				}
				w.pass(30 * time.Second)
				select {
				case err := <-ended:
					if err != nil {
						t.Errorf("Run: %v", err)
					}
				default:
					t.Fatal("it did not end")
				}
				w.expect(running, contracts.StatusCompleted, "")
			})
		})
	}
}
