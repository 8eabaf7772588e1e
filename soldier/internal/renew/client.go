package renew

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts"
)

// maxReply bounds what is read of a commander's reply.
const maxReply = 4 << 20

// ErrKeyRefused: the commander does not know the enrolment key.
var ErrKeyRefused = errors.New("commander refuses the enrolment key: give soldier and commander the same SOLDIER_ENROLLMENT_KEY and COMMANDER_ENROLLMENT_KEY")

// post sends a renewal to one commander.
func (r *Renewer) post(ctx context.Context, url string, renewal contracts.Renewal) (contracts.RenewalReply, error) {
	var reply contracts.RenewalReply
	body, err := json.Marshal(renewal)
	if err != nil {
		return reply, fmt.Errorf("encoding a renewal: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, postTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, strings.TrimSuffix(url, "/")+"/tokens", bytes.NewReader(body))
	if err != nil {
		return reply, fmt.Errorf("making a request for %s: %w", url, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+r.cfg.EnrollmentKey)
	res, err := r.cfg.HTTP.Do(req)
	if err != nil {
		return reply, fmt.Errorf("asking the commander: %w", err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxReply))
	switch {
	case err != nil:
		return reply, fmt.Errorf("reading the reply of %s: %w", url, err)
	case res.StatusCode == http.StatusUnauthorized || res.StatusCode == http.StatusForbidden:
		return reply, fmt.Errorf("%s: %w", url, ErrKeyRefused)
	case res.StatusCode < 200 || res.StatusCode > 299:
		return reply, fmt.Errorf("%s answered %d: %s", url, res.StatusCode, detail(b))
	}
	if err := json.Unmarshal(b, &reply); err != nil {
		return reply, fmt.Errorf("reply of %s is no renewal reply: %w", url, err)
	}
	return reply, nil
}

// detail is what a problem+json says, in one line.
func detail(body []byte) string {
	var p struct{ Title, Detail, Code string }
	if json.Unmarshal(body, &p) != nil || p.Title+p.Detail+p.Code == "" {
		return "without a reason that can be read"
	}
	return strings.Join(strings.Fields(p.Code+" "+p.Title+" "+p.Detail), " ")
}
