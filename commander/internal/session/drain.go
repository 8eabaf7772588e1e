package session

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// DrainStore is what a Drainer needs of a store.
type DrainStore interface {
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)
	Drain(ctx context.Context, id string) (store.Session, error)
}

// Inboxes sends answers to soldiers, in the background: an inbox.Sender.
type Inboxes interface {
	Send(inbox string, answers ...contracts.Answer)
}

// Drainer asks soldiers to drain. The wish is a mark on the session, so that every reply to a renewal tells it; the answer to the
// inbox only makes it quicker.
type Drainer struct {
	store   DrainStore
	inboxes Inboxes
	log     *zap.Logger
}

// NewDrainer returns a drainer.
func NewDrainer(s DrainStore, inboxes Inboxes, log *zap.Logger) *Drainer {
	return &Drainer{store: s, inboxes: inboxes, log: log}
}

// Drain asks a soldier to drain and returns its session; store.ErrNotFound where none of its sessions lives. Two do, for a
// moment, where a process died and another one took its name: both are asked, since nobody knows which one is the process, and
// the one that began last is returned. Asking again asks again, and changes nothing.
func (d *Drainer) Drain(ctx context.Context, soldierID string) (store.Session, error) {
	sessions, from, err := d.store.ListSessions(ctx)
	if err == nil && from.Degraded {
		err = store.ErrUnavailable
	}
	if err != nil {
		return store.Session{}, fmt.Errorf("look for soldier %s: %w", soldierID, err)
	}
	var newest store.Session
	for _, s := range sessions {
		if s.SoldierID != soldierID || s.State != store.SessionLive {
			continue
		}
		marked, err := d.store.Drain(ctx, s.ID)
		if errors.Is(err, store.ErrNotFound) { // it died just now
			continue
		}
		if err != nil {
			return store.Session{}, fmt.Errorf("drain session %s: %w", s.ID, err)
		}
		d.inboxes.Send(marked.Inbox, contracts.Answer{Type: contracts.AnswerDrain})
		d.log.Info("soldier is asked to drain", zap.String("soldier_id", soldierID), zap.String("session", marked.ID))
		if newest.ID == "" || marked.StartedAt.After(newest.StartedAt.Time) {
			newest = marked
		}
	}
	if newest.ID == "" {
		return store.Session{}, store.ErrNotFound
	}
	return newest, nil
}
