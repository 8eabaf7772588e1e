package redisstore_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/store/redisserver/redistest"
	"github.com/mission-control-dev/mission-control/store/redisstore"
)

// fullDisk starts a Redis whose files may not grow beyond 256 KiB until the disk is given room: what it writes then fails, as
// on a full disk. (sh counts in blocks of 512 bytes, or of 1 KiB.)
func fullDisk(t *testing.T) (server *redisserver.Server, giveRoom func()) {
	t.Helper()
	redistest.Shared(t) // skips, or fails, where there is no Redis
	program, err := redisserver.Find()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	full, script := filepath.Join(dir, "full"), filepath.Join(dir, "redis-server")
	text := fmt.Sprintf("#!/bin/sh\ntrap '' XFSZ\n[ ! -e '%s' ] || ulimit -f 512\nexec '%s' \"$@\"\n", full, program)
	for name, content := range map[string]string{full: "", script: text} {
		if err := os.WriteFile(name, []byte(content), 0o700); err != nil { //nolint:gosec // a program is to be run
			t.Fatal(err)
		}
	}
	server, err = redisserver.Start(context.Background(), redisserver.Config{Program: script, Dir: filepath.Join(dir, "data")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, server) })
	return server, func() {
		if err := os.Remove(full); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWhatWasAnsweredSurvivesAFullDisk: a Redis that writes before it answers ends where it can't write. What it answered is
// there once it has room, and is started again; what it did not answer is there whole, or not at all.
func TestWhatWasAnsweredSurvivesAFullDisk(t *testing.T) {
	server, giveRoom := fullDisk(t)
	s := start(t, redisstore.Config{URL: server.URL()})
	await(t, "redis is there", works(t, s))
	ended := server.Done()
	var mu sync.Mutex
	var answered, unanswered []string
	var writers sync.WaitGroup
	for range 8 {
		writers.Go(func() {
			for {
				changes := []store.Change{newMission(), newMission()}
				o, err := s.CreateAll(context.Background(), nil, changes...)
				mu.Lock()
				for _, c := range changes {
					if id := c.Record.Mission.MissionID; err == nil && o[0].Code == store.Applied {
						answered = append(answered, id)
					} else {
						unanswered = append(unanswered, id)
					}
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	writers.Wait()
	<-ended
	if len(answered) == 0 || len(unanswered) == 0 {
		t.Fatalf("%d were answered, %d were not: want some of each", len(answered), len(unanswered))
	}
	giveRoom()
	restart(t, server)
	await(t, "redis is back", works(t, s))
	versions := func(ids []string) []int64 {
		t.Helper()
		records, err := s.Load(context.Background(), ids...)
		if err != nil {
			t.Fatal(err)
		}
		all := make([]int64, len(records))
		for i, r := range records {
			all[i] = r.Mission.Version
		}
		return all
	}
	for i, version := range versions(answered) {
		if version != 1 {
			t.Errorf("mission %s was answered and is lost", answered[i])
		}
	}
	for i, found := 0, versions(unanswered); i < len(found); i += 2 {
		if found[i] != found[i+1] {
			t.Errorf("of two missions that were created together, %s and %s, one is there", unanswered[i], unanswered[i+1])
		}
	}
}
