package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/redis/rueidis"
)

// SchemaError: Redis holds data of another layout than this release writes, and nothing was changed. Upgrade this side where
// the layout is a newer one. There is no way from an older one: let the older release finish its missions, and start this one
// on an empty Redis.
type SchemaError struct{ Found string }

func (e *SchemaError) Error() string {
	if e.Found == "1" || e.Found == "2" {
		return fmt.Sprintf("redis holds missions in layout %s, this release knows %s: let the older release finish them, then start this one on an empty Redis", e.Found, schemaVersion)
	}
	return fmt.Sprintf("redis holds missions in layout %s, this release knows %s: upgrade mission control", e.Found, schemaVersion)
}

var (
	errNotStarted = errors.New("redisstore is not started, or was stopped")
	errNoAttempt  = errors.New("not connected yet")
)

// unavailableReplies are the first words of Redis' replies that say that it can't serve now.
var unavailableReplies = []string{
	"WIPED", "READONLY", "OOM", "MISCONF", "LOADING", "MASTERDOWN", "CLUSTERDOWN", "NOREPLICAS", "TRYAGAIN", "BUSY", "UNBLOCKED",
	"NOAUTH", "WRONGPASS", "NOPERM", "MOVED", "ASK", "ERR max number of clients reached",
}

// failure says what err, met while doing op, means to a caller whose context is ctx. It adds store.ErrUnavailable where
// Redis did not or could not serve.
func failure(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return fmt.Errorf("redis: %s: %w", op, context.Canceled)
	}
	var reply *rueidis.RedisError
	if errors.As(err, &reply) && !unavailableReply(reply.Error()) {
		return fmt.Errorf("redis: %s: %w", op, err)
	}
	var own *storeError
	if errors.As(err, &own) {
		return own.err
	}
	if reply != nil && strings.HasPrefix(reply.Error(), "WIPED") {
		err = store.ErrWiped
	}
	return fmt.Errorf("redis: %s: %w: %w", op, store.ErrUnavailable, err)
}

func unavailableReply(text string) bool {
	for _, word := range unavailableReplies {
		if strings.HasPrefix(text, word) {
			return true
		}
	}
	return false
}

// storeError carries an answer of the store through code that takes all other errors for Redis' absence.
type storeError struct{ err error }

func (e *storeError) Error() string { return e.err.Error() }

func answer(err error) error { return &storeError{err} }

// withoutURL takes the URL out of an error of url.Parse.
func withoutURL(err error) error {
	var parse *url.Error
	if errors.As(err, &parse) {
		return parse.Err
	}
	return err
}
