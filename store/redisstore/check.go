package redisstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Now returns the clock of Redis.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	var text string
	err := s.do(ctx, "read the clock", func(ctx context.Context, client rueidis.Client) (err error) {
		text, err = s.scripts.clock.Exec(ctx, client, []string{s.keys.events()}, nil).ToString()
		return err
	})
	if err != nil {
		return time.Time{}, err
	}
	micros, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("redis: unreadable clock: %w", err)
	}
	return time.UnixMicro(micros), nil
}

// Check writes something and looks at how Redis is set up. It warns where answered writes may be lost, or memory is or
// may become short; where Redis refuses to tell (managed ones do), it does not warn. It is ErrUnavailable where Redis
// answers and yet takes no write: a replica, out of memory, its disk full. A commander that took such a Redis for one
// that is there would declare soldiers dead whose leases it could not renew.
func (s *Store) Check(ctx context.Context) (warning string, err error) {
	var info, fsync map[string]string
	err = s.do(ctx, "check", func(ctx context.Context, client rueidis.Client) error {
		// A wiped Redis gets what tells its layout back here.
		if err := s.ensureLayout(ctx, client); err != nil {
			return err
		}
		err := client.Do(ctx, client.B().Set().Key(s.keys.probe()).Value("1").Ex(time.Minute).Build()).Error()
		if err != nil {
			if strings.HasPrefix(err.Error(), "READONLY") {
				return fmt.Errorf("it is a replica; point REDIS_URL at the master: %w", err)
			}
			return err
		}
		if _, err := s.read(ctx, client); err != nil {
			return err
		}
		text, err := client.Do(ctx, client.B().Info().Build()).ToString()
		if err != nil {
			return unlessRefused(err)
		}
		info = parseInfo(text)
		fsync, err = client.Do(ctx, client.B().ConfigGet().Parameter("appendfsync").Build()).AsStrMap()
		return unlessRefused(err)
	})
	if err != nil {
		return "", err
	}
	return warnings(info, fsync["appendfsync"]), nil
}

// unlessRefused drops the error with which Redis refuses a command to this user.
func unlessRefused(err error) error {
	var reply *rueidis.RedisError
	if errors.As(err, &reply) {
		text := reply.Error()
		if strings.HasPrefix(text, "NOPERM") || strings.HasPrefix(text, "ERR unknown command") {
			return nil
		}
	}
	return err
}

func parseInfo(text string) map[string]string {
	info := map[string]string{}
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok {
			info[name] = value
		}
	}
	return info
}

func warnings(info map[string]string, fsync string) string {
	var list []string
	switch {
	case info["aof_enabled"] == "0":
		list = append(list, "redis keeps no append-only file: answered writes are lost when it restarts; set appendonly yes and appendfsync always")
	case fsync != "" && fsync != "always":
		list = append(list, "redis' appendfsync is "+fsync+": the last answered writes may be lost; set it to always")
	}
	if info["aof_last_write_status"] == "err" {
		list = append(list, "redis can't write its append-only file; look at its disk")
	}
	if policy := info["maxmemory_policy"]; policy != "" && policy != "noeviction" && info["maxmemory"] != "0" {
		list = append(list, "redis' maxmemory-policy is "+policy+": it may drop missions; set it to noeviction")
	}
	used, _ := strconv.ParseFloat(info["used_memory"], 64)
	limit, _ := strconv.ParseFloat(info["maxmemory"], 64)
	if limit > 0 && used > 0.9*limit {
		list = append(list, fmt.Sprintf("redis uses %.0f %% of its maxmemory; at 100 %% no mission can be changed", 100*used/limit))
	}
	return strings.Join(list, "; ")
}
