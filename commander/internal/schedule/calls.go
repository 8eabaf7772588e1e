package schedule

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// ErrNotFound means that there is no schedule of that name.
var ErrNotFound = errors.New("no such schedule")

// ErrContended means that others changed the schedule each time before this commander could. Trying again helps.
var ErrContended = errors.New("schedule changes too often, try again")

// maxRounds bounds how often a change is made anew because others came first.
const maxRounds = 20

// Put makes a schedule, or makes it another one, from a normalized and checked request. store.ErrDocumentsFull where there
// are as many as may be.
func (k *Keeper) Put(ctx context.Context, name string, r contracts.ScheduleRequest) (contracts.Schedule, error) {
	t, err := NewTimetable(r)
	if err != nil {
		return contracts.Schedule{}, err
	}
	s, err := k.change(ctx, name, func(s *state) error {
		now := k.Now()
		if s.ID == "" {
			s.ID, s.CreatedAt = rand.Text(), now
		}
		s.set(r, t, now)
		return nil
	})
	if err != nil {
		return contracts.Schedule{}, fmt.Errorf("put schedule %s: %w", name, err)
	}
	return s.whole(name, t), nil
}

// Pause has a schedule order nothing until Resume.
func (k *Keeper) Pause(ctx context.Context, name string) (contracts.Schedule, error) {
	return k.pause(ctx, name, true)
}

// Resume lets it go on with its next time. What was due meanwhile is not missed.
func (k *Keeper) Resume(ctx context.Context, name string) (contracts.Schedule, error) {
	return k.pause(ctx, name, false)
}

func (k *Keeper) pause(ctx context.Context, name string, paused bool) (contracts.Schedule, error) { //nolint:revive // Pause and Resume name it
	var t Timetable
	s, err := k.change(ctx, name, func(s *state) (err error) {
		if s.ID == "" {
			return ErrNotFound
		}
		if t, err = NewTimetable(s.Request); err == nil {
			s.pause(paused, t, k.Now())
		}
		return err
	})
	if err != nil {
		return contracts.Schedule{}, fmt.Errorf("pause or resume schedule %s: %w", name, err)
	}
	return s.whole(name, t), nil
}

// Run orders a schedule's mission now, also where it is paused, or its last mission has not ended. After
// store.ErrUnavailable it is unknown whether it did.
func (k *Keeper) Run(ctx context.Context, name string) (contracts.Mission, error) {
	s, _, err := k.read(ctx, name)
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("run schedule %s: %w", name, err)
	}
	m, err := k.Missions.SubmitAs(ctx, request(name, s.Request.Mission), "", "ordered by schedule "+name+", when it was asked to run")
	if err != nil {
		return contracts.Mission{}, fmt.Errorf("run schedule %s: %w", name, err)
	}
	k.Ran(Ordered)
	if _, err := k.change(ctx, name, func(s *state) error {
		if s.ID == "" {
			return ErrNotFound
		}
		s.ordered(m.CreatedAt, m.MissionID)
		return nil
	}); err != nil { // the mission is there, and that is what was asked for
		k.log.Warn("a run that was asked for is not shown with its schedule", zap.String("schedule", name), zap.String("mission_id", m.MissionID), zap.Error(err))
	}
	return m, nil
}

// Delete removes a schedule. Its missions stay.
func (k *Keeper) Delete(ctx context.Context, name string) error {
	for range maxRounds {
		d, err := k.Store.Document(ctx, collection, name)
		if err == nil {
			err = k.Store.DeleteDocument(ctx, collection, name, d.Version)
		}
		switch {
		case err == nil:
			k.forget(name)
			return nil
		case errors.Is(err, store.ErrDocumentChanged):
		case errors.Is(err, store.ErrNotFound):
			return fmt.Errorf("delete schedule %s: %w", name, ErrNotFound)
		default:
			return fmt.Errorf("delete schedule %s: %w", name, err)
		}
	}
	return fmt.Errorf("delete schedule %s: %w", name, ErrContended)
}

// Get returns one with all that there is of it. While the store is away it is from memory.
func (k *Keeper) Get(ctx context.Context, name string) (contracts.Schedule, store.Source, error) {
	s, from, err := k.read(ctx, name)
	if err != nil {
		return contracts.Schedule{}, from, fmt.Errorf("get schedule %s: %w", name, err)
	}
	t, err := NewTimetable(s.Request)
	if err != nil {
		return contracts.Schedule{}, from, fmt.Errorf("get schedule %s: %w", name, err)
	}
	return s.whole(name, t), from, nil
}

// List returns all that can be read, in the order of their names; the log names others. While the store is away they are from memory.
func (k *Keeper) List(ctx context.Context) ([]contracts.Schedule, store.Source, error) {
	documents, from, err := k.documents(ctx)
	if err != nil {
		return nil, from, fmt.Errorf("list schedules: %w", err)
	}
	list := make([]contracts.Schedule, 0, len(documents))
	for _, d := range documents {
		if s, err := decode(d); err == nil {
			list = append(list, s.view(d.Name))
		}
	}
	return list, from, nil
}

// WithRuns is List with the runs of each.
func (k *Keeper) WithRuns(ctx context.Context) ([]contracts.Schedule, store.Source, error) {
	documents, from, err := k.documents(ctx)
	if err != nil {
		return nil, from, fmt.Errorf("list schedules with their runs: %w", err)
	}
	list := make([]contracts.Schedule, 0, len(documents))
	for _, d := range documents {
		if s, err := decode(d); err == nil {
			v := s.view(d.Name)
			v.Runs = s.Runs
			list = append(list, v)
		}
	}
	return list, from, nil
}

// change changes a schedule on the condition that it still is what was read, again where others came first. One that is not
// there has no ID.
func (k *Keeper) change(ctx context.Context, name string, change func(*state) error) (state, error) {
	for range maxRounds {
		var s state
		asked := time.Now()
		d, err := k.Store.Document(ctx, collection, name)
		switch {
		case err == nil:
			if s, err = decode(d); err != nil { // whoever puts it makes it anew
				s = state{}
			}
		case errors.Is(err, store.ErrNotFound):
			d = store.Document{Name: name}
		default:
			return s, err
		}
		if err := change(&s); err != nil {
			return s, err
		}
		version, err := k.write(ctx, d, s)
		if err == nil {
			k.learn(name, version, s.look(), asked)
			return s, nil
		}
		if !errors.Is(err, store.ErrDocumentChanged) {
			return s, err
		}
	}
	return state{}, ErrContended
}

func (k *Keeper) read(ctx context.Context, name string) (state, store.Source, error) {
	d, err := k.Store.Document(ctx, collection, name)
	var from store.Source
	if errors.Is(err, store.ErrUnavailable) {
		var documents []store.Document
		if documents, from, err = k.documents(ctx); err == nil {
			if i := slices.IndexFunc(documents, func(d store.Document) bool { return d.Name == name }); i >= 0 {
				d = documents[i]
			} else {
				err = store.ErrNotFound
			}
		}
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return state{}, from, ErrNotFound
	case err != nil:
		return state{}, from, err
	}
	s, err := decode(d)
	return s, from, err
}

// documents returns all. The store is away where it says so, or memory has nothing of them.
func (k *Keeper) documents(ctx context.Context) ([]store.Document, store.Source, error) {
	documents, from, err := k.Store.ListDocuments(ctx, collection)
	if errors.Is(err, store.ErrNotInMemory) {
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
	}
	return documents, from, err
}
