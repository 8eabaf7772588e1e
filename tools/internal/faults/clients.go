package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

const (
	// clients ask for missions at the same time, each on its own, every other one with idempotency keys.
	clients = 4
	// pace is the mean time between two missions of one client.
	pace = 1300 * time.Millisecond
	// A tenth of the missions are long, from shortest to a half of the drill, at most mostSeconds.
	shortest, mostSeconds = 20.0, 80.0
	// callTimeout bounds one call: longer than a commander needs to say that something is away.
	callTimeout = 8 * time.Second
	// retryPause is between two tries.
	retryPause = 300 * time.Millisecond
)

// flow is the clients, and their records.
type flow struct {
	urls []string
	http *http.Client
	max  int

	mu       sync.Mutex
	missions []*check.Mission
	ids      []string // accepted ones
	odd      map[string]int
	byID     map[string]*check.Mission
	looked   map[string]bool // FAILED ones that are tried again

	retries chan *check.Mission
}

func newFlow(urls []string, most int) *flow {
	return &flow{
		urls: urls, max: most, odd: map[string]int{}, byID: map[string]*check.Mission{}, looked: map[string]bool{},
		retries: make(chan *check.Mission, 16),
		http:    &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
}

// run lets all clients go on until ctx ends, and waits for them.
func (f *flow) run(ctx context.Context, seed uint64, length time.Duration) {
	longest := max(shortest, min(mostSeconds, length.Seconds()/2))
	var all sync.WaitGroup
	for n := range clients {
		r := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // what is asked for repeats with the seed
		all.Go(func() { f.client(ctx, n, r, longest) })
	}
	all.Go(func() { f.operator(ctx) })
	all.Wait()
	f.http.CloseIdleConnections()
}

// client asks for one mission after the other.
func (f *flow) client(ctx context.Context, n int, r *rand.Rand, longest float64) {
	for i := 0; ; i++ {
		if !sleep(ctx, time.Duration((0.5+r.Float64())*float64(pace))) {
			return
		}
		request, cancelAfter := order(r, fmt.Sprintf("client %d mission %d", n+1, i+1), longest)
		key := ""
		if n%2 == 0 {
			key = client.NewIdempotencyKey()
		}
		m := f.begin(key)
		if m == nil {
			return // enough
		}
		f.ask(ctx, m, request, n+i)
		if key != "" && r.IntN(10) == 0 {
			f.ask(ctx, m, request, n+i+1) // under the same key it must be the same mission
		}
		if cancelAfter > 0 {
			f.cancelLater(ctx, m, cancelAfter, (n+i)%len(f.urls))
		}
	}
}

// order draws a mission: most are short, some outlast a lease; some fail, some are cancelled.
func order(r *rand.Rand, name string, longest float64) (request contracts.MissionRequest, cancelAfter time.Duration) {
	seconds := 0.1 + 2*r.Float64()
	switch d := r.Float64(); {
	case d < 0.1:
		seconds = shortest + (longest-shortest)*r.Float64()
	case d < 0.3:
		seconds = 2 + 8*r.Float64()
	}
	// With the seed, every execution of a mission takes as long and ends as the one before.
	request = contracts.MissionRequest{
		Name:    name,
		Payload: fmt.Appendf(nil, `{"min_seconds":%.3f,"max_seconds":%.3f,"failure_rate":0.2,"seed":%d}`, seconds, seconds, r.Int64N(1<<40)),
	}
	if r.Float64() < 0.05 {
		cancelAfter = time.Duration(r.IntN(3000)+1) * time.Millisecond
	}
	return request, cancelAfter
}

// begin opens the record of a mission; nil where there are enough.
func (f *flow) begin(key string) *check.Mission {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.missions) >= f.max {
		return nil
	}
	m := &check.Mission{Asked: time.Now(), Key: key}
	f.missions = append(f.missions, m)
	return m
}

// ask asks until the mission is accepted. Without a key only what was certainly refused is asked for again: what a
// broken call left is not known.
func (f *flow) ask(ctx context.Context, m *check.Mission, request contracts.MissionRequest, at int) {
	body, err := json.Marshal(request)
	if err != nil {
		return // a request of our own is JSON
	}
	for ; ; at++ {
		p, err := f.post(ctx, f.urls[at%len(f.urls)]+"/missions", body, m.Key)
		var refused *refusedError
		switch {
		case err == nil:
			f.accepted(m, p)
			return
		case errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable:
			f.wonder(refused)
			return
		case m.Key == "" && refused == nil:
			return
		}
		if !sleep(ctx, retryPause) {
			return
		}
	}
}

// wonder notes an answer that no client should get.
func (f *flow) wonder(err *refusedError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.odd[err.Error()]++
}

func (f *flow) accepted(m *check.Mission, p promise) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.Accepted.IsZero() {
		m.Accepted, m.OnBroker = time.Now(), p.Durable == "broker"
	}
	if !slices.Contains(m.IDs, p.MissionID) {
		m.IDs = append(m.IDs, p.MissionID)
		f.ids = append(f.ids, p.MissionID)
		f.byID[p.MissionID] = m
	}
}

// cancelLater asks for an end, once.
func (f *flow) cancelLater(ctx context.Context, m *check.Mission, after time.Duration, at int) {
	if !sleep(ctx, after) || m.ID() == "" {
		return
	}
	_, err := f.post(ctx, f.urls[at]+"/missions/"+m.ID()+"/cancel", nil, "")
	var refused *refusedError
	switch {
	case err == nil:
		f.mu.Lock()
		defer f.mu.Unlock()
		m.Cancelled = time.Now()
	case errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable && refused.status != http.StatusConflict:
		f.wonder(refused)
	}
}

// failed hears of a mission that a reader saw FAILED: it is to be tried again, once.
func (f *flow) failed(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.byID[id]
	if m == nil || !m.Retried.IsZero() || !m.Cancelled.IsZero() || f.looked[id] {
		return
	}
	f.looked[id] = true
	select {
	case f.retries <- m:
	default: // there will be others
	}
}

// operator retries what failed, each mission once, until ctx ends.
func (f *flow) operator(ctx context.Context) {
	for at := 0; ; at++ {
		select {
		case <-ctx.Done():
			return
		case m := <-f.retries:
			f.mu.Lock()
			m.Retried = time.Now()
			f.mu.Unlock()
			_, err := f.post(ctx, f.urls[at%len(f.urls)]+"/missions/"+m.ID()+"/retry", nil, "")
			var refused *refusedError
			if errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable {
				f.wonder(refused)
			}
		}
	}
}

// refusedError is an answer that is not 202.
type refusedError struct {
	status int
	code   string
}

func (e *refusedError) Error() string { return fmt.Sprintf("answered %d %s", e.status, e.code) }

// maxAnswer bounds what is read of an answer.
const maxAnswer = 1 << 20

// promise is what a 202 says.
type promise struct {
	MissionID string `json:"mission_id"`
	// Durable is "broker" where RabbitMQ alone has the mission yet, because Redis is away.
	Durable string `json:"durable"`
}

// post makes one call and returns what its 202 says.
func (f *flow) post(ctx context.Context, url string, body []byte, key string) (promise, error) {
	// A call that has begun is seen through: the end of the flow is no reason to miss an answer.
	request, err := http.NewRequestWithContext(context.WithoutCancel(ctx), http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return promise{}, fmt.Errorf("making a request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := f.http.Do(request)
	if err != nil {
		return promise{}, err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return promise{}, err
	}
	if response.StatusCode != http.StatusAccepted {
		var problem struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(answer, &problem) // what is no problem has no code
		return promise{}, &refusedError{response.StatusCode, problem.Code}
	}
	var m promise
	if err := json.Unmarshal(answer, &m); err != nil || m.MissionID == "" {
		return promise{}, fmt.Errorf("a 202 without a mission: %q", answer)
	}
	return m, nil
}

// records returns what the clients wrote down.
func (f *flow) records() []check.Mission {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make([]check.Mission, len(f.missions))
	for i, m := range f.missions {
		all[i] = *m
		all[i].IDs = slices.Clone(m.IDs)
	}
	return all
}

// known returns the ids of the last missions that were accepted, at most n.
func (f *flow) known(n int) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ids[max(0, len(f.ids)-n):])
}

// sleep waits, and tells whether ctx lasted.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
