package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// lines prints a line for each failed mission.
type lines struct{ out io.Writer }

// Failed implements sink.
func (l lines) Failed(_ context.Context, m contracts.Mission) error {
	code, message := reason(m)
	_, err := fmt.Fprintf(l.out, "%s %s %q (kind %s, attempt %d of %d) FAILED %s: %s\n",
		m.FinishedAt.Format(contracts.TimeLayout), m.MissionID, m.Name, m.Kind, m.Attempt, m.MaxAttempts, code, message)
	return err
}

func reason(m contracts.Mission) (code, message string) {
	if m.Error == nil {
		return "unknown", "no reason was given"
	}
	return m.Error.Code, m.Error.Message
}

// webhook posts each failed mission to an address.
type webhook struct {
	url    string
	client *http.Client
}

// webhookTimeout bounds one POST.
const webhookTimeout = 10 * time.Second

// Failed implements sink: any answer of 200 to 299 says that it was taken. The header Idempotency-Key is the same for the
// same failure, so that a receiver can tell what it has had already.
func (w webhook) Failed(ctx context.Context, m contracts.Mission) error {
	code, message := reason(m)
	body, err := json.Marshal(map[string]any{
		"text":    fmt.Sprintf("Mission %q failed: %s (%s)", m.Name, message, code),
		"mission": m,
	})
	if err != nil {
		return fmt.Errorf("encoding mission %s: %w", m.MissionID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, webhookTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("making the webhook's request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", fmt.Sprintf("%s-%d", m.MissionID, m.FinishedAt.Millis()))
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("calling the webhook: %w", err)
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return fmt.Errorf("the webhook answered %s", res.Status)
	}
	return nil
}
