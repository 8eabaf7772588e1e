package soldier

import "context"

// Run is a soldier's whole life: Start, work until ctx ends or an operator asks it to drain, Stop, in which what runs has
// Config.DrainTimeout. It returns the error of Start or of Stop.
func (s *Soldier) Run(ctx context.Context) error {
	if err := s.Start(ctx); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
	case <-s.DrainAsked():
	}
	return s.Stop(context.WithoutCancel(ctx))
}
