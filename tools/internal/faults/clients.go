package faults

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
)

const (
	// leastClients and clientsPerRate are how many clients there are: one that waits for an answer asks for nothing else.
	leastClients, clientsPerRate = 4, 2
	// failing is the share of missions whose handler fails, each time that it is called.
	failing = 0.2
	// Long missions take from shortest to a half of the drill, at most mostSeconds. They are a tenth of all, but at most
	// mostLong a second, which a few slots carry.
	shortest, mostSeconds = 20.0, 80.0
	longShare, mostLong   = 0.1, 0.3
	// callTimeout bounds one call: longer than a commander needs to say that something is away.
	callTimeout = 8 * time.Second
	// retryPause is between two tries.
	retryPause = 300 * time.Millisecond
)

// flow is the clients, and their records. Clients ask at the same time, each on its own and at its share of the rate,
// every other one with idempotency keys. What an outage held up they ask for afterwards, as fast as they get answers.
type flow struct {
	urls    []string
	http    *http.Client
	max     int
	rate    float64 // missions a second, of all clients
	clients int

	mu       sync.Mutex
	missions []*check.Mission
	ids      []string // accepted ones
	odd      []check.Odd
	byID     map[string]*check.Mission
	looked   map[string]bool // FAILED ones that are tried again

	retries chan *check.Mission
}

func newFlow(urls []string, rate float64, most int) *flow {
	clients := max(leastClients, int(math.Ceil(rate*clientsPerRate)))
	return &flow{
		urls: urls, rate: rate, clients: clients, max: most, byID: map[string]*check.Mission{}, looked: map[string]bool{},
		retries: make(chan *check.Mission, 16),
		http:    &http.Client{Timeout: callTimeout, Transport: &http.Transport{MaxIdleConnsPerHost: clients}},
	}
}

// run lets all clients go on until ctx ends, and waits for them.
func (f *flow) run(ctx context.Context, seed uint64, length time.Duration) {
	longest := max(shortest, min(mostSeconds, length.Seconds()/2))
	var all sync.WaitGroup
	for n := range f.clients {
		r := rand.New(rand.NewPCG(seed, uint64(n))) //nolint:gosec // what is asked for repeats with the seed
		all.Go(func() { f.client(ctx, n, r, longest) })
	}
	all.Go(func() { f.operator(ctx) })
	all.Wait()
	f.http.CloseIdleConnections()
}

// client asks for one mission after the other, and returns when its cancels are sent, too.
func (f *flow) client(ctx context.Context, n int, r *rand.Rand, longest float64) {
	var cancels sync.WaitGroup
	defer cancels.Wait()
	pace := float64(f.clients) / f.rate * float64(time.Second)
	due := time.Now()
	for i := 0; ; i++ {
		due = due.Add(time.Duration((0.5 + r.Float64()) * pace))
		if !sleep(ctx, time.Until(due)) {
			return
		}
		o := draw(r, f.rate, longest)
		o.request.Name = fmt.Sprintf("client %d mission %d", n+1, i+1)
		key := ""
		if n%2 == 0 {
			key = client.NewIdempotencyKey()
		}
		m := f.begin(key, o.fails)
		if m == nil {
			return // enough
		}
		f.ask(ctx, m, o.request, n+i)
		if key != "" && r.IntN(10) == 0 {
			f.ask(ctx, m, o.request, n+i+1) // under the same key it must be the same mission
		}
		if o.cancelAfter > 0 {
			cancels.Go(func() { f.cancelLater(ctx, m, o.cancelAfter, (n+i)%len(f.urls)) })
		}
	}
}

// order is what a client asks for.
type order struct {
	request     contracts.MissionRequest
	fails       bool
	cancelAfter time.Duration // 0 is never
}

// draw draws a mission: most are short, some outlast a lease; some fail, some are cancelled.
func draw(r *rand.Rand, rate, longest float64) order {
	long := min(longShare, mostLong/rate)
	seconds := 0.1 + 2*r.Float64()
	switch d := r.Float64(); {
	case d < long:
		seconds = shortest + (longest-shortest)*r.Float64()
	case d < long+0.2:
		seconds = 2 + 8*r.Float64()
	}
	o := order{fails: r.Float64() < failing}
	rateOfFailure := 0
	if o.fails {
		rateOfFailure = 1
	}
	// Every execution of a mission takes as long and ends as the one before.
	o.request.Payload = fmt.Appendf(nil, `{"min_seconds":%.3f,"max_seconds":%.3f,"failure_rate":%d}`, seconds, seconds, rateOfFailure)
	if r.Float64() < 0.05 {
		o.cancelAfter = time.Duration(r.IntN(3000)+1) * time.Millisecond
	}
	return o
}

// begin opens the record of a mission; nil where there are enough.
func (f *flow) begin(key string, fails bool) *check.Mission {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.missions) >= f.max {
		return nil
	}
	m := &check.Mission{Asked: time.Now(), Key: key, Fails: fails}
	f.missions = append(f.missions, m)
	return m
}

// ask asks until the mission is accepted. Without a key only what was certainly refused, or never sent, is asked for
// again: what a broken call left is not known.
func (f *flow) ask(ctx context.Context, m *check.Mission, request contracts.MissionRequest, at int) {
	body, err := json.Marshal(request)
	if err != nil {
		return // a request of our own is JSON
	}
	for ; ; at++ {
		sent := time.Now()
		p, err := f.post(ctx, f.urls[at%len(f.urls)]+"/missions", body, m.Key)
		var refused *refusedError
		switch {
		case err == nil:
			f.accepted(m, p, sent)
			return
		case errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable:
			f.wonder("submit", m.ID(), refused)
			return
		case m.Key == "" && refused == nil && !unsent(err):
			return
		}
		if !sleep(ctx, retryPause) {
			return
		}
	}
}

// unsent tells whether there was not even a connection.
func unsent(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// wonder notes an answer that no client should get, or not at any time.
func (f *flow) wonder(call, id string, err *refusedError) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.odd = append(f.odd, check.Odd{Call: call, ID: id, At: time.Now(), Status: err.status, Said: err.code})
}

func (f *flow) accepted(m *check.Mission, p promise, sent time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := time.Now()
	if m.Accepted.IsZero() {
		m.Accepted, m.OnBroker = now, p.Durable == "broker"
	}
	if !slices.ContainsFunc(m.Answers, func(a check.Answer) bool { return a.ID == p.MissionID }) {
		m.Answers = append(m.Answers, check.Answer{ID: p.MissionID, Asked: sent, At: now})
		f.ids = append(f.ids, p.MissionID)
		f.byID[p.MissionID] = m
	}
}

// cancelLater asks for an end, once.
func (f *flow) cancelLater(ctx context.Context, m *check.Mission, after time.Duration, at int) {
	if !sleep(ctx, after) || m.ID() == "" {
		return
	}
	f.mu.Lock()
	m.CancelAsked = time.Now()
	f.mu.Unlock()
	_, err := f.post(ctx, f.urls[at]+"/missions/"+m.ID()+"/cancel", nil, "")
	var refused *refusedError
	switch {
	case err == nil:
		f.mu.Lock()
		defer f.mu.Unlock()
		m.Cancelled = time.Now()
	case errors.As(err, &refused) && refused.status != http.StatusServiceUnavailable:
		f.wonder("cancel", m.ID(), refused)
	}
}

// failed hears of a mission that a reader saw FAILED: it is to be tried again, once.
func (f *flow) failed(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m := f.byID[id]
	if m == nil || !m.Retried.IsZero() || !m.CancelAsked.IsZero() || f.looked[id] {
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
				f.wonder("retry", m.ID(), refused)
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
		all[i].Answers = slices.Clone(m.Answers)
	}
	return all
}

// known returns the ids of all missions that were accepted.
func (f *flow) known() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.ids)
}

// any returns the id of any of the last n missions that were accepted; empty where there is none.
func (f *flow) any(n int) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if n = min(n, len(f.ids)); n == 0 {
		return ""
	}
	return f.ids[len(f.ids)-1-rand.IntN(n)] //nolint:gosec // any will do
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
