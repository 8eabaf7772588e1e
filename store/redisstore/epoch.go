package redisstore

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/redis/rueidis"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// Settle implements store.Epochs. The first one is settled when Redis is first connected, and every one after it by a call:
// whoever uses the Store should learn of it.
func (s *Store) Settle(ctx context.Context) (store.Epoch, error) {
	var e store.Epoch
	err := s.do(ctx, "settle the epoch", func(ctx context.Context, client rueidis.Client) (err error) {
		e, err = s.settle(ctx, client)
		return err
	})
	return e, err
}

func (s *Store) settle(ctx context.Context, client rueidis.Client) (store.Epoch, error) {
	s.settling.Lock()
	defer s.settling.Unlock()
	var known store.Epoch
	if e := s.epoch.Load(); e != nil {
		known = *e
	}
	reply, err := s.settled(ctx, client, known)
	if err != nil {
		return store.Epoch{}, err
	}
	began, err1 := strconv.ParseInt(reply[1], 10, 64)
	adopted, err2 := strconv.ParseInt(reply[3], 10, 64)
	if err1 != nil || err2 != nil {
		return store.Epoch{}, answer(fmt.Errorf("epoch in redis is unreadable: %q", reply))
	}
	e := store.Epoch{ID: reply[0], Began: contracts.FromMillis(began), Origin: store.EpochOrigin(reply[2]), Adopted: adopted}
	if e.ID != known.ID {
		s.told.forget()
	}
	s.epoch.Store(&e)
	return e, nil
}

// settled returns what settle.lua does. It runs that only where there is something to write: a Redis that is read-only, or has
// no memory left, refuses scripts that may write, and can be read all the same.
func (s *Store) settled(ctx context.Context, client rueidis.Client, known store.Epoch) ([]string, error) {
	fields, err := client.Do(ctx, client.B().Hmget().Key(s.keys.epoch()).Field("id", "at", "how", "n").Build()).ToArray()
	if err != nil {
		return nil, err
	}
	reply := make([]string, len(fields))
	for i, f := range fields {
		if reply[i], err = f.ToString(); err != nil && !rueidis.IsRedisNil(err) {
			return nil, err
		}
	}
	if id := reply[0]; id == "" || known.ID != "" && known.ID != id {
		return s.scripts.settle.Exec(ctx, client, []string{s.keys.epoch()},
			[]string{uuid.NewString(), known.ID, strconv.FormatInt(known.Began.Millis(), 10)}).AsStrSlice()
	}
	if reply[3] == "" {
		reply[3] = "0" // none was adopted
	}
	return reply, nil
}

// epochID is the id of the epoch that this Store works in; empty before the first.
func (s *Store) epochID() string {
	if e := s.epoch.Load(); e != nil {
		return e.ID
	}
	return ""
}

// guarded adds what epoch.lua takes away. It is called once Redis is connected, and the epoch known.
func (s *Store) guarded(keys, args []string) ([]string, []string) {
	return append(keys, s.keys.epoch()), append(args, s.epochID())
}

// read sends commands that read, and then looks whether the epoch is still the one that this Store works in. What was missing
// is missing, and was not wiped, only if it is.
func (s *Store) read(ctx context.Context, client rueidis.Client, commands ...rueidis.Completed) ([]rueidis.RedisResult, error) {
	known := s.epochID()
	commands = append(commands, client.B().Hget().Key(s.keys.epoch()).Field("id").Build())
	results := client.DoMulti(ctx, commands...)
	last := len(results) - 1
	id, err := results[last].ToString()
	if err != nil && !rueidis.IsRedisNil(err) {
		return nil, err
	}
	if id != known {
		return nil, store.ErrWiped
	}
	return results[:last], nil
}
