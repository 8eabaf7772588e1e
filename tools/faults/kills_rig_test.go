package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/journal"
	"github.com/mission-control-dev/mission-control/tools/internal/secrets"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

const (
	killClients = 4 // every other one with idempotency keys
	killPace    = 300 * time.Millisecond
	// patience bounds each wait for the commander: to come past a place, to be back, to accept.
	patience = 2 * time.Minute
)

// kills is a stack of one commander and two soldiers on real servers, and the clients' records.
type kills struct {
	*testing.T
	order    string // the file that tells the commander where to die
	journals string
	url      string
	client   *client.Client
	events   chan supervise.Event // of the commander

	mu      sync.Mutex
	turn    string // the place of the death under way
	records []*record
	done    int // records whose mission was accepted
	odd     []string
}

// record is what a client knows of one mission that it asked for.
type record struct {
	check.Mission
	name, turn string
	// brokenOff: a call ended without an answer, so that it is not known whether it made the mission.
	brokenOff bool
}

func (k *kills) must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

func newKills(t *testing.T, edits []edit) *kills {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	k := &kills{
		T: t, order: filepath.Join(dir, "order"), journals: filepath.Join(dir, "journals"), events: make(chan supervise.Event, 1000),
	}
	build(t, "soldier", bin, "")
	build(t, "commander", bin, overlay(t, edits))
	k.must(os.Mkdir(k.journals, 0o700))
	files, err := secrets.Ensure(filepath.Join(dir, "secrets"))
	k.must(err)
	redis, err := redisserver.New(redisserver.Config{Dir: filepath.Join(dir, "redis")})
	k.must(err)
	rabbitmq, err := rabbitserver.New(rabbitserver.Config{Dir: filepath.Join(dir, "rabbitmq"), Schedulers: 1})
	k.must(err)
	k.start("redis", redis, nil)
	k.start("rabbitmq", rabbitmq, nil)

	addr, err := freeport.TakeAddr()
	if err != nil {
		t.Fatal(err)
	}
	k.url = "http://" + addr
	k.client, err = client.New(client.Config{BaseURL: k.url})
	k.must(err)
	t.Cleanup(k.client.CloseIdleConnections)
	servers := []string{"REDIS_URL=" + redis.URL(), "RABBITMQ_URL=" + rabbitmq.URL(), "MISSION_CONTROL_GROUND=local"}
	k.start("commander", supervise.NewProgram(supervise.ProgramConfig{
		Path: filepath.Join(bin, "commander"),
		Env: append(servers, "COMMANDER_ADDR="+addr, orderVar+"="+k.order,
			"COMMANDER_MASTER_SECRET_FILE="+files.MasterSecret, "COMMANDER_ENROLLMENT_KEY_FILE="+files.EnrollmentKey),
		Ready: func(ctx context.Context) error {
			_, err := k.client.Health(ctx)
			return err
		},
	}), k.events)
	for _, id := range []string{"soldier-1", "soldier-2"} {
		k.start(id, supervise.NewProgram(supervise.ProgramConfig{
			Path: filepath.Join(bin, "soldier"),
			Env: append(servers, "SOLDIER_ID="+id, "SOLDIER_DRAIN_TIMEOUT=3s", "COMMANDER_URL="+k.url,
				"SOLDIER_JOURNAL="+filepath.Join(k.journals, id+".jsonl"), "SOLDIER_ENROLLMENT_KEY_FILE="+files.EnrollmentKey),
		}), nil)
	}
	return k
}

// start starts a part, which is stopped when the test ends. A part without events must not die.
func (k *kills) start(name string, service supervise.Service, events chan supervise.Event) {
	k.Helper()
	part := supervise.NewPart(supervise.Config{
		Name: name, Service: service, ReadyWithin: 2 * time.Minute, Grace: 30 * time.Second,
		Settled: time.Nanosecond, // each death is a first one
		Report: func(e supervise.Event) {
			switch {
			case e.Kind != supervise.Ready && e.Kind != supervise.Died && e.Kind != supervise.Failed:
			case events != nil:
				events <- e
			case e.Kind != supervise.Ready:
				k.wonder(fmt.Sprintf("%s died by itself (%s); its last words: %s", e.Part, e.Reason, e.LastWords))
			}
		},
	})
	k.must(part.Start(k.Context()))
	k.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := part.Stop(ctx); err != nil {
			k.Error(err)
		}
	})
	if events != nil {
		<-events // ready
	}
}

func (k *kills) wonder(what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.odd = append(k.odd, what)
}

// unexpected returns what happened that nothing explains.
func (k *kills) unexpected() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return slices.Clone(k.odd)
}

// die has the commander die at a place, and returns when it is back and accepts missions.
func (k *kills) die(p place) {
	k.Helper()
	k.mu.Lock()
	k.turn = p.name
	k.mu.Unlock()
	k.must(os.WriteFile(k.order+".new", []byte(p.name), 0o600))
	k.must(os.Rename(k.order+".new", k.order))
	died := k.event("the commander to come past: " + p.name)
	hit, err := os.ReadFile(k.order + ".hit")
	if died.Kind != supervise.Died || err != nil {
		k.Fatalf("the commander %s (%s) where it was not told to; its last words: %s", died.Kind, died.Reason, died.LastWords)
	}
	k.must(os.Remove(k.order + ".hit"))
	if back := k.event("the commander to be back"); back.Kind != supervise.Ready {
		k.Fatalf("the commander did not start again: %s; its last words: %s", back.Reason, back.LastWords)
	}
	k.await("missions to be accepted after the death at "+string(hit), k.accepted()+killClients)
}

func (k *kills) event(what string) supervise.Event {
	k.Helper()
	select {
	case e := <-k.events:
		return e
	case <-time.After(patience):
		k.Fatalf("waited in vain for %s", what)
		panic("unreachable")
	}
}

func (k *kills) accepted() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.done
}

func (k *kills) await(what string, accepted int) {
	k.Helper()
	for end := time.Now().Add(patience); k.accepted() < accepted; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			k.Fatalf("waited in vain for %s", what)
		}
	}
}

// flow has clients ask for missions. What it returns ends that, and waits until each call was seen through.
func (k *kills) flow() (stop func()) {
	ctx, cancel := context.WithCancel(k.Context())
	var all sync.WaitGroup
	for n := range killClients {
		all.Go(func() { k.ask(ctx, n) })
	}
	stop = sync.OnceFunc(func() {
		cancel()
		all.Wait()
	})
	k.Cleanup(stop)
	return stop
}

// ask asks for one mission after the other. With a key, until it is accepted; without, once, since a call that breaks
// off may have made it.
func (k *kills) ask(ctx context.Context, n int) {
	for i := 0; ctx.Err() == nil; i++ {
		r := &record{name: fmt.Sprintf("client %d mission %d", n+1, i+1), Mission: check.Mission{Asked: time.Now()}}
		if n%2 == 0 {
			r.Key = client.NewIdempotencyKey()
		}
		k.mu.Lock()
		r.turn = k.turn
		k.records = append(k.records, r)
		k.mu.Unlock()
		for !k.post(r) && r.Key != "" && k.Context().Err() == nil {
			time.Sleep(50 * time.Millisecond)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration((0.5 + rand.Float64()) * float64(killPace))): //nolint:gosec // any will do
		}
	}
}

// post asks for a mission once, on a connection of its own, and tells whether it was accepted.
func (k *kills) post(r *record) bool {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(k.Context()), patience)
	defer cancel()
	body := fmt.Appendf(nil, `{"name":%q,"payload":{"min_seconds":0,"max_seconds":0.3,"failure_rate":0}}`, r.name)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, k.url+"/missions", bytes.NewReader(body))
	if err != nil {
		k.wonder(err.Error())
		return false
	}
	request.Close = true
	request.Header.Set("Content-Type", "application/json")
	if r.Key != "" {
		request.Header.Set("Idempotency-Key", r.Key)
	}
	var m contracts.Mission
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		defer func() { _ = answer.Body.Close() }()
		body, err = io.ReadAll(answer.Body)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err != nil:
		r.brokenOff = true
		return false
	case answer.StatusCode == http.StatusServiceUnavailable:
		return false
	case answer.StatusCode != http.StatusAccepted || json.Unmarshal(body, &m) != nil || m.MissionID == "":
		k.odd = append(k.odd, fmt.Sprintf("answered %d: %s", answer.StatusCode, body))
		return false
	}
	r.Accepted, r.Answers = time.Now(), []check.Answer{{ID: m.MissionID}}
	k.done++
	return true
}

// finals waits until every mission that there is has ended, and reads each; what has not ended in time is read as it is.
// It also returns what is wrong with what there is: two missions for one request, or another one than was answered.
func (k *kills) finals(within time.Duration) (finals map[string]check.Final, wrong []string) {
	k.Helper()
	var all []contracts.Mission
	for end := time.Now().Add(within); ; time.Sleep(300 * time.Millisecond) {
		all = all[:0]
		open := 0
		for m, err := range k.client.List(k.Context(), client.ListOptions{PageSize: contracts.MaxListLimit}) {
			k.must(err)
			all = append(all, m)
			if !m.Status.Terminal() {
				open++
			}
		}
		if open == 0 || time.Now().After(end) {
			break
		}
	}
	byName := map[string]*record{}
	for _, r := range k.records {
		byName[r.name] = r
	}
	finals = map[string]check.Final{}
	for _, m := range all {
		h, err := k.client.History(k.Context(), m.MissionID)
		k.must(err)
		finals[m.MissionID] = check.Final{Mission: m, History: h.Lines, Dropped: h.Dropped}
		switch r := byName[m.Name]; {
		case r == nil:
			wrong = append(wrong, fmt.Sprintf("mission %s, %q, was never asked for", m.MissionID, m.Name))
		case r.ID() == "":
			r.Answers = []check.Answer{{ID: m.MissionID}} // its answer was lost, and it is there all the same
		case r.ID() != m.MissionID:
			wrong = append(wrong, fmt.Sprintf("%s: %q, key %q, is mission %s and mission %s", check.TwoMissions, r.name, r.Key, r.ID(), m.MissionID))
		}
	}
	return finals, wrong
}

// evidence is what is known of the missions that were asked for in the turns of a place, or of all, and how many of their
// calls broke off.
func (k *kills) evidence(finals map[string]check.Final, turn string) (in check.Input, brokenOff int) {
	k.Helper()
	book, err := journal.Read(k.journals, time.Time{}, func(string) bool { return true })
	k.must(err)
	in = check.Input{Finals: finals, Executions: book.Executions}
	for _, r := range k.records {
		if turn != "" && r.turn != turn {
			continue
		}
		in.Missions = append(in.Missions, r.Mission)
		if r.brokenOff {
			brokenOff++
		}
	}
	return in, brokenOff
}
