package localstack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

// AwaitOK waits until the commander says that all is well and knows every soldier of the stack. When the context ends
// first, the error says what was still missing.
func (s *Stack) AwaitOK(ctx context.Context) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		missing := s.missing(ctx)
		if missing == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not everything is well yet: %w", missing)
		case <-tick.C:
		}
	}
}

// queuesWithin is how long soldiers are kept back.
const queuesWithin = 5 * time.Second

// awaitQueues waits a moment for the commander to have declared the queues of a new RabbitMQ. Soldiers do without: they try
// on, but each says so in several lines, the first ones that a person sees of Mission Control.
func (s *Stack) awaitQueues(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, queuesWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for s.unwell(ctx) != nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// unwell says why the commander is not, or nothing.
func (s *Stack) unwell(ctx context.Context) error {
	var health struct {
		Status string `json:"status"`
	}
	if err := s.ask(ctx, "/health", &health); err != nil {
		return err
	}
	if health.Status != "ok" {
		return fmt.Errorf("the commander's health is %q", health.Status)
	}
	return nil
}

// missing says what keeps all from being well, or nothing.
func (s *Stack) missing(ctx context.Context) error {
	if err := s.unwell(ctx); err != nil {
		return err
	}
	var fleet struct {
		Soldiers []struct {
			ID    string `json:"soldier_id"`
			State string `json:"state"`
		} `json:"soldiers"`
	}
	if err := s.ask(ctx, "/soldiers", &fleet); err != nil {
		return err
	}
	var known []string
	for _, soldier := range fleet.Soldiers {
		if soldier.State != "dead" {
			known = append(known, soldier.ID)
		}
	}
	for n := 1; n <= s.cfg.Soldiers; n++ {
		if !slices.Contains(known, SoldierName(n)) {
			return fmt.Errorf("the commander does not know %s yet", SoldierName(n))
		}
	}
	return nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

func (s *Stack) ask(ctx context.Context, path string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.CommanderURL()+path, nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", path, err)
	}
	request.Close = true
	if key := apiKey(); key != "" {
		request.Header.Set("Authorization", "Bearer "+key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	err = json.NewDecoder(http.MaxBytesReader(nil, response.Body, maxAnswer)).Decode(into)
	if err = errors.Join(err, response.Body.Close()); err != nil {
		return fmt.Errorf("reading the answer of %s (status %d): %w", path, response.StatusCode, err)
	}
	return nil
}

// apiKey is the commander's, which it takes from the same environment.
func apiKey() string {
	if path := os.Getenv("COMMANDER_API_KEY_FILE"); path != "" {
		content, err := os.ReadFile(path)
		if err == nil {
			return strings.TrimSpace(string(content))
		}
	}
	return os.Getenv("COMMANDER_API_KEY")
}
