package redisstore

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/redis/rueidis"
	"go.uber.org/zap"
)

// schemaVersion is the layout of keys.go.
const schemaVersion = "3"

// link has the client, once Redis was reached. rueidis' own constructor needs Redis to be there; from then on its client
// connects again by itself.
//
// Until then a loop tries, with pauses from 0.1 s doubling to 5 s, and callers get the last error at once. A caller cuts
// a pause short, at most twice a second, so that a Redis that came is soon found.
type link struct {
	option  rueidis.ClientOption
	prepare func(context.Context, rueidis.Client) error
	log     *zap.Logger

	poke chan struct{}
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex
	started bool
	stopped bool
	client  rueidis.Client
	tried   chan struct{} // closed after the first try
	lastErr error
	lastTry time.Time
}

func newLink(option rueidis.ClientOption, prepare func(context.Context, rueidis.Client) error, log *zap.Logger) *link {
	return &link{
		option: option, prepare: prepare, log: log, lastErr: errNoAttempt,
		poke: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}), tried: make(chan struct{}),
	}
}

const pokeAfter = 500 * time.Millisecond

func (l *link) start() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.started || l.stopped {
		return
	}
	l.started = true
	go l.run()
}

// close ends the loop and the client's connections, and waits for both.
func (l *link) close(ctx context.Context) error {
	l.mu.Lock()
	if !l.stopped {
		l.stopped = true
		close(l.stop)
		if !l.started {
			close(l.done)
		}
	}
	l.mu.Unlock()
	select {
	case <-l.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// get returns the client. It waits for nothing but the first try to connect.
func (l *link) get(ctx context.Context) (rueidis.Client, error) {
	l.mu.Lock()
	if !l.started || l.stopped {
		l.mu.Unlock()
		return nil, errNotStarted
	}
	tried := l.tried
	l.mu.Unlock()
	select {
	case <-tried:
	case <-l.stop:
		return nil, errNotStarted
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		return l.client, nil
	}
	if time.Since(l.lastTry) > pokeAfter {
		select {
		case l.poke <- struct{}{}:
		default:
		}
	}
	return nil, l.lastErr
}

func (l *link) run() {
	defer close(l.done)
	pause := 100 * time.Millisecond
	for try := 1; ; try++ {
		client, err := l.connect()
		if err == nil {
			l.log.Info("redis is connected")
			l.set(client, nil)
			<-l.stop
			client.Close()
			return
		}
		if try == 1 {
			l.log.Warn("redis can't be reached, trying on", zap.Error(err))
		}
		l.set(nil, err)
		select {
		case <-l.stop:
			return
		case <-l.poke:
		case <-time.After(pause/2 + rand.N(pause)):
		}
		pause = min(2*pause, 5*time.Second)
	}
}

func (l *link) set(client rueidis.Client, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lastTry.IsZero() {
		close(l.tried)
	}
	l.client, l.lastErr, l.lastTry = client, err, time.Now()
}

func (l *link) connect() (rueidis.Client, error) {
	client, err := rueidis.NewClient(l.option)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.option.ConnWriteTimeout)
	defer cancel()
	if err := l.prepare(ctx, client); err != nil {
		client.Close()
		return nil, err
	}
	return client, nil
}

// ensureSchema writes the layout's number where there is none, and fails where it is another one.
func ensureSchema(ctx context.Context, client rueidis.Client, key string) error {
	found, err := client.Do(ctx, client.B().Get().Key(key).Build()).ToString()
	if rueidis.IsRedisNil(err) {
		err = client.Do(ctx, client.B().Set().Key(key).Value(schemaVersion).Nx().Build()).Error()
		if rueidis.IsRedisNil(err) {
			return ensureSchema(ctx, client, key) // another commander was first
		}
		return err
	}
	if err != nil {
		return err
	}
	if found != schemaVersion {
		return answer(&SchemaError{Found: found})
	}
	return nil
}
