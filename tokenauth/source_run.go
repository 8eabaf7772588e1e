package tokenauth

import (
	"context"
	"fmt"
	"time"
)

// run makes every request, when it is due or wanted, until ctx ends.
func (s *Source) run(ctx context.Context) {
	defer s.end()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		timer.Reset(s.due())
		select {
		case <-ctx.Done():
			return
		case <-s.wake: // a request is wanted, or the pace has changed
		case <-timer.C:
		}
		if ctx.Err() != nil {
			return
		}
		if s.due() <= 0 {
			s.ask(ctx)
		}
	}
}

// end lets go of all who wait.
func (s *Source) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = sourceStopped
	if s.asked != nil {
		s.asked.err = ErrNotRunning
		close(s.asked.done)
		s.asked = nil
	}
	s.cancel()
	close(s.gone)
}

// due says how long the next request has to wait.
func (s *Source) due() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	switch {
	case s.asked != nil:
		return 0
	case s.retries > 0:
		at := s.retryAt
		if paced := s.failed.Add(s.pace); s.pace > 0 && paced.Before(at) {
			at = paced
		}
		return at.Sub(now)
	default:
		return s.cred.AskedAt.Add(s.renewAfter()).Sub(now)
	}
}

// renewAfter is the age at which the token held is renewed.
func (s *Source) renewAfter() time.Duration {
	after := min(s.cfg.RenewAfter, s.cred.ExpiresIn*5/6)
	if s.pace > 0 {
		after = min(after, s.pace)
	}
	// A service that gives very short tokens is not asked in a loop.
	return max(after, s.cfg.RetryMin)
}

// ask makes one request and keeps its result.
func (s *Source) ask(ctx context.Context) {
	s.mu.Lock()
	r := s.want()
	s.mu.Unlock()

	cred, err := s.fetch(ctx)
	if ctx.Err() != nil {
		return // stopped: end answers those who wait
	}

	s.mu.Lock()
	s.asked = nil // answered: who wants a request from now on gets a new one
	if err == nil {
		s.cred, s.retries = cred, 0
		close(s.changed)
		s.changed = make(chan struct{})
	} else {
		s.failed = time.Now()
		s.retryAt = s.failed.Add(s.backoff())
		s.retries++
	}
	s.mu.Unlock()

	if err == nil {
		s.cfg.OnRenewed(cred)
	} else {
		s.cfg.OnError(err)
	}

	r.err = err
	close(r.done)
}

// backoff is the wait after one more failed request: RetryMin doubled for each
// before it, at most RetryMax, shortened by up to half.
func (s *Source) backoff() time.Duration {
	wait := s.cfg.RetryMin
	for range s.retries {
		if wait *= 2; wait >= s.cfg.RetryMax {
			wait = s.cfg.RetryMax
			break
		}
	}
	return wait - time.Duration(s.cfg.Rand()*float64(wait)/2)
}

func (s *Source) fetch(ctx context.Context) (Credential, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.FetchTimeout)
	defer cancel()
	askedAt := time.Now()
	answer, err := s.cfg.Fetch(ctx)
	if err != nil {
		return Credential{}, fmt.Errorf("asking for a token: %w", err)
	}
	cred := Credential{Raw: answer.Raw, IssuedAt: answer.IssuedAt, AskedAt: askedAt, ExpiresIn: answer.ExpiresIn}
	switch {
	case cred.Raw == "" || cred.ExpiresIn <= 0:
		return Credential{}, fmt.Errorf("%w: the token is empty, or its life is (%s)", ErrAnswer, cred.ExpiresIn)
	case !cred.Valid(time.Now()):
		return Credential{}, fmt.Errorf("%w: it lives %s but came after %s", ErrAnswer, cred.ExpiresIn, time.Since(askedAt))
	}
	if cred.IssuedAt.IsZero() {
		if cred.IssuedAt, err = IssuedAt(cred.Raw); err != nil {
			return Credential{}, fmt.Errorf("%w: it names no issue time: %w", ErrAnswer, err)
		}
	}
	return cred, nil
}
