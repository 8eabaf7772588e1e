package shardstore

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/store"
)

// point is an event's id in its shard: n-ms, its number there and when that was.
type point struct{ ms, seq uint64 }

func parsePoint(id string) (p point, ok bool) {
	seq, ms, _ := strings.Cut(id, "-")
	var err1, err2 error
	p.seq, err1 = strconv.ParseUint(seq, 10, 64)
	p.ms, err2 = strconv.ParseUint(ms, 10, 64)
	return p, err1 == nil && err2 == nil
}

func (p point) String() string {
	return strconv.FormatUint(p.seq, 10) + "-" + strconv.FormatUint(p.ms, 10)
}

func (p point) compare(other point) int {
	return cmp.Or(cmp.Compare(p.ms, other.ms), cmp.Compare(p.seq, other.seq))
}

// position is how far the log was read: the last event of each shard, zero where none was. It is what an event's id tells:
//
//	number of shards, the highest ms, then for each shard: 0 for none, or by how much its ms is lower, plus 1, and its seq
//
// as varints, in base64: three to four characters a shard while missions flow, nine for one that was quiet for weeks.
type position []point

func (p position) String() string {
	var top uint64
	for _, at := range p {
		top = max(top, at.ms)
	}
	b := binary.AppendUvarint(binary.AppendUvarint(nil, uint64(len(p))), top)
	for _, at := range p {
		if at == (point{}) {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, top-at.ms+1), at.seq)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// parsePosition reads an id over n shards; the empty one is the beginning.
func parsePosition(id string, n int) (position, error) {
	p := make(position, n)
	if id == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(id)
	if err != nil {
		return nil, store.ErrEventsTrimmed
	}
	next := func() uint64 {
		v, size := binary.Uvarint(b)
		b = b[max(size, 0):]
		return v
	}
	if next() != uint64(n) { //nolint:gosec // 1 to 64
		return nil, store.ErrEventsTrimmed
	}
	top := next()
	for i := range p {
		if less := next(); less > 0 {
			p[i] = point{ms: top - less + 1, seq: next()}
		}
	}
	if p.String() != id { // cut short, or not made by String
		return nil, store.ErrEventsTrimmed
	}
	return p, nil
}

// with returns the position with one shard's further on.
func (p position) with(shard int, at point) position {
	next := append(position(nil), p...)
	next[shard] = at
	return next
}
