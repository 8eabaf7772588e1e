package httpapi

import (
	"context"
	"net"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/commander/internal/events"
	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/commander/internal/limits"
	"github.com/mission-control-dev/mission-control/commander/internal/setaside"
	"github.com/mission-control-dev/mission-control/commander/internal/squads"
	"github.com/mission-control-dev/mission-control/commander/internal/submit"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

// Config of a Server.
type Config struct {
	// Addr is where to listen, host:port; port 0 takes a free one.
	Addr string
	// Listener, where set, is served instead; Stop closes it. Addr still says which host is this commander's own.
	Listener net.Listener
	// APIKey is asked of clients; empty asks for none.
	APIKey string
	// EnrollmentKey is asked of soldiers; required.
	EnrollmentKey string
	// AllowedHosts are names, with or without a port, by which clients may call besides this machine's own.
	AllowedHosts []string
	// Queues returns those whose depths the stats show.
	Queues func() []string
	// Streams is how event streams are kept; its zero value works.
	Streams events.Config
}

// Submitter accepts missions: a submit.Desk.
type Submitter interface {
	// Submit accepts a mission from a normalized, validated request, and says what keeps it. With a key that was used before
	// it returns the mission of the first time, or mission.ErrIdempotencyMismatch.
	Submit(ctx context.Context, r contracts.MissionRequest, key *store.Idempotency) (contracts.Mission, submit.Durable, error)
	// SubmitAll is Submit for missions that are created together, all of them or none.
	SubmitAll(ctx context.Context, rs []contracts.MissionRequest, key *store.Idempotency) ([]contracts.Mission, submit.Durable, error)
}

// Submissions knows which missions may have been accepted and not be created yet: a submit.Intake.
type Submissions interface {
	// Waiting bounds its own time.
	Waiting(ctx context.Context, id string) bool
}

// Missions changes missions.
type Missions interface {
	// Retry returns the mission as it is then: store.ErrNotFound, or a mission.StateError.
	Retry(ctx context.Context, id string) (contracts.Mission, error)
	// Cancel returns the mission as it is then: store.ErrNotFound, or a mission.StateError.
	Cancel(ctx context.Context, id string) (contracts.Mission, error)
	// Purge removes a mission: store.ErrNotFound, a mission.StateError, or a mission.AdoptableError.
	Purge(ctx context.Context, id string) error
}

// Bulk does things to many missions: a bulk.Jobs.
type Bulk interface {
	Preview(ctx context.Context, r contracts.BulkRequest) (contracts.BulkPreview, error)
	Order(ctx context.Context, r contracts.BulkRequest) (contracts.BulkJob, error)
	Job(ctx context.Context, id string) (contracts.BulkJob, store.Source, error)
	List(ctx context.Context) ([]contracts.BulkJob, store.Source, error)
	Stop(ctx context.Context, id string) (contracts.BulkJob, error)
}

// Store is what is read, and followed, of a store.Store.
type Store interface {
	// Get bounds its own time, as dualstore's does.
	Get(ctx context.Context, id string) (store.Record, store.Source, error)
	Load(ctx context.Context, ids ...string) ([]store.Record, error)
	List(ctx context.Context, q store.Query) (store.Page, error)
	History(ctx context.Context, id string) (store.History, error)
	Counts(ctx context.Context) (store.Counts, error)
	SquadCounts(ctx context.Context) (store.SquadCounts, error)
	Progress(ctx context.Context, ids ...string) ([]store.Progress, error)
	ListSessions(ctx context.Context) ([]store.Session, store.Source, error)

	events.Loader
	events.Reports
	events.Log
}

// Tokens serves soldiers.
type Tokens interface {
	// Renew renews a lease and issues a token. An enrolled soldier asks.
	Renew(ctx context.Context, r contracts.Renewal) (contracts.RenewalReply, error)
	// JWKS returns the public keys as JSON.
	JWKS() ([]byte, error)
}

// Soldiers steers soldiers: a session.Drainer.
type Soldiers interface {
	// Drain asks a soldier to drain, and returns its session; store.ErrNotFound where it doesn't live.
	Drain(ctx context.Context, soldierID string) (store.Session, error)
}

// Limits keeps limits of concurrency keys and squads: a limits.Keeper.
type Limits interface {
	// Supported is limits.ErrNotSupported where missions can't have concurrency keys.
	Supported() error
	Set(ctx context.Context, key string, l contracts.Limit) (limits.Key, error)
	Remove(ctx context.Context, key string) (limits.Key, error)
	Get(ctx context.Context, key string) (limits.Key, error)
	List(ctx context.Context) ([]limits.Key, error)
	SetSquad(ctx context.Context, squad string, most int) error
	RemoveSquad(ctx context.Context, squad string) error
	// Squads returns nil where that can't be known now.
	Squads(ctx context.Context) (map[string]limits.Squad, error)
	// Why bounds its own time, as redisstore's calls do.
	Why(ctx context.Context, m contracts.Mission) string
}

// Schedules orders missions at their times: a schedule.Keeper. What needs a schedule returns schedule.ErrNotFound.
type Schedules interface {
	// Put takes a normalized, checked request.
	Put(ctx context.Context, name string, r contracts.ScheduleRequest) (contracts.Schedule, error)
	Get(ctx context.Context, name string) (contracts.Schedule, store.Source, error)
	List(ctx context.Context) ([]contracts.Schedule, store.Source, error)
	Delete(ctx context.Context, name string) error
	Pause(ctx context.Context, name string) (contracts.Schedule, error)
	Resume(ctx context.Context, name string) (contracts.Schedule, error)
	Run(ctx context.Context, name string) (contracts.Mission, error)
}

// Squads knows the squads: a squads.Registry.
type Squads interface {
	// List returns them by name; ok is false where they are not known yet.
	List() (list []squads.Squad, ok bool)
	// Pause, Resume and Remove fail with squads.ErrNotFound where there is no such squad.
	Pause(ctx context.Context, name string) (squads.Squad, error)
	Resume(ctx context.Context, name string) (squads.Squad, error)
	// Remove returns what it was; it also fails with squads.ErrDefault or a squads.InUseError.
	Remove(ctx context.Context, name string) (squads.Squad, error)
	// Reason says why missions of a squad wait, where that is the squad's doing.
	Reason(squad string) (why string, is squads.State)
}

// Trends tells numbers over time: a trends.Keeper.
type Trends interface {
	// History and Failures return what memory has, with its Source, while the store is away; store.ErrNotInMemory where it has nothing.
	History(ctx context.Context, r contracts.Range) (contracts.StatsHistory, store.Source, error)
	Failures(ctx context.Context, r contracts.Range) (contracts.FailureList, store.Source, error)
	// Latest is store.ErrNotFound where nobody has written the newest step yet.
	Latest(ctx context.Context) (contracts.Trend, error)
}

// SetAside knows what was set aside for a person: a setaside.Shelf.
type SetAside interface {
	List(ctx context.Context, f setaside.Filter, limit int) (setaside.Listing, error)
	Act(ctx context.Context, a setaside.Action, f setaside.Filter) (setaside.Done, error)
}

// Depths tells how full a queue is: a depths.Depths.
type Depths interface {
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// Health tells how things are, at once: a health.Checker.
type Health interface {
	Report() health.Report
}

// Attention says what needs somebody's attention: an attention.Keeper.
type Attention interface {
	Attention(ctx context.Context) (contracts.Attention, error)
}

// Metrics counts: a metrics.Metrics.
type Metrics interface {
	events.Observer
	Request(method, route string, status int, took time.Duration)
	Text() ([]byte, error)
}

// Deps are what a Server works with.
type Deps struct {
	Submitter   Submitter
	Submissions Submissions
	Missions    Missions
	Bulk        Bulk
	Store       Store
	Tokens      Tokens
	Soldiers    Soldiers
	Limits      Limits
	Schedules   Schedules
	Squads      Squads
	SetAside    SetAside
	Trends      Trends
	Depths      Depths
	Health      Health
	Attention   Attention
	Metrics     Metrics
	// Recall returns what memory has of a mission, which may be old; see events.Memory. It may be nil.
	Recall events.Memory
	// Now is the clock that all commanders share.
	Now    func() contracts.Time
	Logger *zap.Logger
}
