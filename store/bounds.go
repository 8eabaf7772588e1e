package store

import (
	"context"
	"time"
)

// A mission that has not ended has its UniqueKey to itself: it takes the key by the change that makes it such, a creation or the
// retry of one that had ended, and gives it back by the change that ends it. A change that needs a key which somebody else has is
// Taken. Two go without it instead, and end without taking it from anybody: a creation with a FirstVersion, and Bury's.

// Deadlines keeps when missions end: of each that has not ended and has a DeadlineAt.
type Deadlines interface {
	// TakeDeadlines returns up to limit missions whose deadline has passed by the store's clock, the earliest first, and pushes
	// each on by hold, so that no other commander takes it meanwhile. It comes again unless it has ended by then.
	TakeDeadlines(ctx context.Context, limit int, hold time.Duration) ([]string, error)
}
