package shardstore

import (
	"encoding/hex"
	"hash/fnv"

	"github.com/mission-control-dev/mission-control/contracts"
)

// MaxShards is how many shards there can be: as many as six bits can tell.
const MaxShards = 64

// The shard is the last six bits of a mission's id. In a UUIDv7 they are random, behind the time, the version and the
// variant: so the id stays one, and sorts by time as before.
const lastByte = 34 // where the last byte's digits begin

// Place returns a mission's id with the shard coded in it.
func Place(id string, shard int) string {
	b, ok := codeOf(id)
	if !ok {
		return id
	}
	b = b&^(MaxShards-1) | byte(shard)&(MaxShards-1)
	return id[:lastByte] + hex.EncodeToString([]byte{b})
}

// Of returns in which of n shards a mission lies. An id that Place did not make, such as one that somebody invented, has a
// shard, too, where it will not be found.
func Of(id string, n int) int {
	b, _ := codeOf(id)
	return int(b&(MaxShards-1)) % n
}

// ofWord returns the shard of an idempotency key, or another word with which missions are placed. It is the same for all
// commanders and releases.
func ofWord(word string, n int) int {
	h := fnv.New64a()
	_, _ = h.Write([]byte(word))
	return int(h.Sum64() % uint64(n)) //nolint:gosec // n is 1 to 64
}

func codeOf(id string) (byte, bool) {
	if !contracts.ValidMissionID(id) {
		return 0, false
	}
	b, err := hex.DecodeString(id[lastByte:])
	if err != nil {
		return 0, false
	}
	return b[0], true
}

// Place implements store.Placer. Without a word, missions take turns over the shards.
func (s *Store) Place(id, with string) string {
	n := len(s.shards)
	if n == 1 {
		return id
	}
	if with == "" {
		return Place(id, s.turn())
	}
	return Place(id, ofWord(with, n))
}

// of is the shard of a mission.
func (s *Store) of(id string) int { return Of(id, len(s.shards)) }

// turn returns one shard after the other.
func (s *Store) turn() int { return int(s.turns.Add(1) % uint64(len(s.shards))) } //nolint:gosec // under 64

// split tells for each shard which of some items are of its missions.
func split[T any](s *Store, items []T, id func(T) string) [][]int {
	parts := make([][]int, len(s.shards))
	for i, item := range items {
		shard := s.of(id(item))
		parts[shard] = append(parts[shard], i)
	}
	return parts
}

// pick returns some of the items.
func pick[T any](items []T, which []int) []T {
	some := make([]T, len(which))
	for i, at := range which {
		some[i] = items[at]
	}
	return some
}
