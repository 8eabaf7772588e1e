package submit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/store"
)

// Durable says what keeps an accepted mission.
type Durable string

// What keeps missions.
const (
	// InStore is how it is by default: the mission can be read at once.
	InStore Durable = ""
	// OnBroker: the mission will be created once the store is back, and can't be read until then.
	OnBroker Durable = "broker"
)

// Errors of a Desk, beside store.ErrUnavailable, which each of them is as well: whether the request took effect is unknown.
var (
	// ErrNeedsStore: the request has an Idempotency-Key, or a mission with a unique key.
	ErrNeedsStore = fmt.Errorf("a request with an idempotency key or a unique key needs the store: %w", store.ErrUnavailable)
	// ErrTooLarge: the missions don't fit into one message.
	ErrTooLarge = fmt.Errorf("too large for the broker: %w", store.ErrUnavailable)
	// ErrFull: as many missions wait at the broker as may.
	ErrFull = fmt.Errorf("too many missions wait for the store already: %w", store.ErrUnavailable)
	// ErrBothAway: the broker did not take it either.
	ErrBothAway = fmt.Errorf("the broker can't keep it either: %w", store.ErrUnavailable)
)

// Missions creates missions: a mission.Service.
type Missions interface {
	Submit(ctx context.Context, r contracts.MissionRequest, key *store.Idempotency) (contracts.Mission, error)
	SubmitAll(ctx context.Context, rs []contracts.MissionRequest, key *store.Idempotency) ([]contracts.Mission, error)
}

// reserve is what the store must leave of a request's time for the broker.
const reserve = 4 * time.Second

// Desk accepts missions.
type Desk struct {
	missions  Missions
	publisher broker.Publisher
	key       []byte
	kept      func()
	log       *zap.Logger
}

// NewDesk returns a desk. key is the commanders' for submissions; kept is called when the broker keeps
// a request's missions, before that is said.
func NewDesk(m Missions, p broker.Publisher, key []byte, kept func(), log *zap.Logger) *Desk {
	return &Desk{missions: m, publisher: p, key: key, kept: kept, log: log.Named("submit")}
}

// Submit is mission.Service.Submit, also while the store is away.
func (d *Desk) Submit(ctx context.Context, r contracts.MissionRequest, key *store.Idempotency) (contracts.Mission, Durable, error) {
	storeCtx, cancel := forStore(ctx)
	defer cancel()
	m, err := d.missions.Submit(storeCtx, r, key)
	if err == nil || !errors.Is(err, store.ErrUnavailable) {
		return m, InStore, err
	}
	if needsStore(key, r) {
		return contracts.Mission{}, InStore, errors.Join(ErrNeedsStore, err)
	}
	if err := d.keep(ctx, err, m); err != nil {
		return contracts.Mission{}, InStore, err
	}
	return m, OnBroker, nil
}

// SubmitAll is mission.Service.SubmitAll, also while the store is away.
func (d *Desk) SubmitAll(ctx context.Context, rs []contracts.MissionRequest, key *store.Idempotency) ([]contracts.Mission, Durable, error) {
	storeCtx, cancel := forStore(ctx)
	defer cancel()
	ms, err := d.missions.SubmitAll(storeCtx, rs, key)
	if err == nil || !errors.Is(err, store.ErrUnavailable) {
		return ms, InStore, err
	}
	if needsStore(key, rs...) {
		return nil, InStore, errors.Join(ErrNeedsStore, err)
	}
	if err := d.keep(ctx, err, ms...); err != nil {
		return nil, InStore, err
	}
	return ms, OnBroker, nil
}

// forStore bounds what the store may take of ctx's time.
func forStore(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, end.Add(-reserve))
	}
	return context.WithCancel(ctx)
}

// needsStore tells whether a request has a key, of which only the store knows whether it is used.
func needsStore(key *store.Idempotency, rs ...contracts.MissionRequest) bool {
	return key != nil || slices.ContainsFunc(rs, func(r contracts.MissionRequest) bool { return r.UniqueKey != "" })
}

// keep has the broker keep missions that the store did not take. why is what the store said.
func (d *Desk) keep(ctx context.Context, why error, missions ...contracts.Mission) error {
	s, err := contracts.NewSubmission(d.key, missions)
	if err != nil {
		return fmt.Errorf("sign %d missions: %w", len(missions), err)
	}
	body, err := s.Encode()
	if err != nil {
		return fmt.Errorf("encode %d missions: %w", len(missions), err)
	}
	if len(body) > contracts.MaxSubmissionSize {
		return errors.Join(ErrTooLarge, why)
	}
	err = d.publisher.Publish(ctx, topology.Submissions, broker.Message{
		ID: missions[0].MissionID, Type: string(contracts.TypeSubmission), Body: body,
	})
	switch {
	case err == nil:
		d.kept()
		d.log.Debug("accepted at the broker", zap.String("mission_id", missions[0].MissionID), zap.Int("missions", len(missions)))
		return nil
	case errors.Is(err, broker.ErrRejected):
		return errors.Join(ErrFull, err)
	default:
		return errors.Join(ErrBothAway, why, err)
	}
}
