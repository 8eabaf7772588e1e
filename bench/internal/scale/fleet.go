package scale

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

const (
	// renewEvery is how often a soldier renews: docs/protocol.md, section 4.
	renewEvery = 25 * time.Second
	slotsEach  = 10
	// idleFor is for how long the commander's own work is measured, to be taken off.
	idleFor = 10 * time.Second
)

// fleet has sessions renew their leases and tokens, spread evenly, as soldiers with nothing to do would.
func (r *run) fleet(ctx context.Context) error {
	commander := r.stack.Processes()["commander"]
	began, before := time.Now(), cpu(commander)
	if err := sleep(ctx, idleFor); err != nil {
		return err
	}
	idle := (cpu(commander) - before) / time.Since(began).Seconds()
	// Nothing comes between the enrolments and the renewals: a lease lasts ten seconds longer than it takes to renew all.
	f := fleet{url: r.stack.URL() + "/tokens", key: r.stack.EnrollmentKey(), sessions: make([]string, r.Soldiers)}
	for i := range f.sessions {
		if err := f.renew(i, 1); err != nil {
			return err
		}
	}
	began, before = time.Now(), cpu(commander)
	if err := f.hold(ctx, r.Hold); err != nil {
		return err
	}
	busy := (cpu(commander) - before) / time.Since(began).Seconds()
	r.add(fmt.Sprintf("commander with %d soldiers that renew", r.Soldiers), 100*busy, "% of a core", "")
	r.add("of it for renewing", 100*(busy-idle), "% of a core", "< 5 %")
	return nil
}

type fleet struct {
	http     fasthttp.Client
	url, key string
	sessions []string
}

// hold renews each session every renewEvery, one after the other.
func (f *fleet) hold(ctx context.Context, d time.Duration) error {
	tick := time.NewTicker(renewEvery / time.Duration(len(f.sessions)))
	defer tick.Stop()
	ended := time.After(d)
	failed := make(chan error, 1)
	var all sync.WaitGroup
	defer all.Wait()
	for n := 0; ; n++ {
		select {
		case <-tick.C:
			all.Go(func() {
				if err := f.renew(n%len(f.sessions), 2+n/len(f.sessions)); err != nil {
					select {
					case failed <- err:
					default:
					}
				}
			})
		case err := <-failed:
			return err
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// renew renews a session, or begins it.
func (f *fleet) renew(i, seq int) error {
	body, err := json.Marshal(map[string]any{
		"soldier_id": fmt.Sprintf("soldier-%d", i), "session": f.sessions[i], "squads": []string{"default"}, "kinds": []string{"noop"},
		"slots": slotsEach, "version": "bench", "seq": seq,
	})
	if err != nil {
		return fmt.Errorf("encoding a renewal: %w", err)
	}
	request, response := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
	defer fasthttp.ReleaseRequest(request)
	defer fasthttp.ReleaseResponse(response)
	request.SetRequestURI(f.url)
	request.Header.SetMethod(http.MethodPost)
	request.Header.SetContentType("application/json")
	request.Header.Set("Authorization", "Bearer "+f.key)
	request.SetBodyRaw(body)
	if err := f.http.Do(request, response); err != nil {
		return fmt.Errorf("renewing: %w", err)
	}
	var reply struct {
		Session string `json:"session"`
		Lease   bool   `json:"lease"`
		Dead    bool   `json:"dead"`
	}
	if err := json.Unmarshal(response.Body(), &reply); err != nil || response.StatusCode() != http.StatusOK {
		return fmt.Errorf("renewing: HTTP %d: %s", response.StatusCode(), response.Body())
	}
	if reply.Dead || !reply.Lease || f.sessions[i] != "" && reply.Session != f.sessions[i] {
		return fmt.Errorf("session %s of soldier %d has ended: %s", f.sessions[i], i, response.Body())
	}
	f.sessions[i] = reply.Session
	return nil
}
