package reap

import "context"

// Stepper does by hand what a started Reaper does by itself.
type Stepper struct {
	*Reaper
	noted map[string]suspect
}

// NewStepper returns a reaper that is not to be started.
func NewStepper(c Config) *Stepper { return &Stepper{Reaper: New(c), noted: map[string]suspect{}} }

// Step looks at new suspects, and then does what each second brings.
func (s *Stepper) Step(ctx context.Context) {
	for len(s.suspects) > 0 {
		s.look(ctx, <-s.suspects, s.noted)
	}
	if s.steady(ctx) {
		s.expired(ctx)
		s.overdue(ctx, s.noted)
	}
}
