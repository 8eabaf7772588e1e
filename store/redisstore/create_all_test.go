package redisstore_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// batch is missions that were created together, or were to be.
type batch struct {
	key      store.Idempotency
	ids      []string
	answered bool
}

// TestAKilledRedisHasABatchWholeOrNotAtAll kills Redis again and again while batches are created. What was answered is
// there whole, what was not is there whole or not at all, and its key tells which.
func TestAKilledRedisHasABatchWholeOrNotAtAll(t *testing.T) {
	server := redistest.Start(t)
	s := start(t, redisstore.Config{URL: server.URL()})
	await(t, "redis is there", works(t, s))
	var mu sync.Mutex
	var batches []batch
	answered := 0
	done := make(chan struct{})
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
				b := batch{key: store.Idempotency{Key: fmt.Sprint(w, "-", n), BodyHash: "h", TTL: time.Hour}}
				var changes []store.Change
				for range 100 {
					c := newMission()
					b.ids, changes = append(b.ids, c.Record.Mission.MissionID), append(changes, c)
				}
				o, err := s.CreateAll(context.Background(), &b.key, changes...)
				b.answered = err == nil && o[0].Code == store.Applied
				mu.Lock()
				if b.answered {
					answered++
				}
				batches = append(batches, b)
				mu.Unlock()
			}
		})
	}
	for n := 10; n <= 40; n += 10 {
		await(t, "some batches", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return answered >= n
		})
		if err := server.Kill(); err != nil {
			t.Fatal(err)
		}
		restart(t, server)
	}
	close(done)
	writers.Wait()
	await(t, "redis is back", works(t, s))
	for _, b := range batches {
		there := 0
		records, err := s.Load(context.Background(), b.ids...)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Mission.Version == 1 {
				there++
			}
		}
		if there != 0 && there != len(b.ids) || b.answered && there == 0 {
			t.Errorf("of the %d missions of a batch %d are there; it was answered: %v", len(b.ids), there, b.answered)
		}
		again, err := s.CreateAll(context.Background(), &b.key, newMission())
		if err != nil {
			t.Fatal(err)
		}
		if known := again[0].Code == store.Duplicate; known != (there > 0) {
			t.Errorf("%d missions are there, and the key is known: %v", there, known)
		}
	}
}

// TestTheLargestBatchIsOneStep creates as much as a request may carry, while others go on.
func TestTheLargestBatchIsOneStep(t *testing.T) {
	s := start(t, redisstore.Config{URL: emptied(t), Timeout: 20 * time.Second})
	body := []byte(`{"x":"` + strings.Repeat("x", contracts.MaxPayloadSize-10) + `"}`)
	changes := make([]store.Change, contracts.MaxBatchBodySize/contracts.MaxPayloadSize)
	for i := range changes {
		changes[i] = newMission()
		changes[i].Record.Mission.Payload = body
	}
	created := make(chan error, 1)
	go func() {
		outcomes, err := s.CreateAll(context.Background(), nil, changes...)
		if err == nil && outcomes[len(changes)-1].Code != store.Applied {
			err = fmt.Errorf("outcome %v", outcomes[0])
		}
		created <- err
	}()
	if !works(t, s)() {
		t.Error("a commit beside it failed")
	}
	if err := <-created; err != nil {
		t.Fatal(err)
	}
	last := changes[len(changes)-1].Record.Mission.MissionID
	if r, _, err := s.Get(context.Background(), last); err != nil || string(r.Mission.Payload) != string(body) {
		t.Errorf("the last payload has %d bytes, %v", len(r.Mission.Payload), err)
	}
}
