package trends

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"math/bits"
	"time"

	"github.com/mission-control-dev/mission-control/contracts"
)

// histogram counts durations in ms by buckets. Up to 32 ms each has its own; from there on 16 of equal width lie between a power of
// two and the next.
type histogram []int64

const (
	// perDouble is how many buckets there are between a power of two and the next.
	perDouble = 16
	// longest is two years; what took longer counts as that.
	longest = 1<<36 - 1
	// buckets is how many there are.
	buckets = 528
)

func bucketOf(ms int64) int {
	ms = min(max(ms, 0), longest)
	if ms < perDouble {
		return int(ms)
	}
	shift := bits.Len64(uint64(ms)) - 5 //nolint:gosec // not negative
	return shift*perDouble + int(ms>>shift)
}

// upper is the longest duration of a bucket, in ms.
func upper(bucket int) int64 {
	if bucket < 2*perDouble {
		return int64(bucket)
	}
	shift := bucket/perDouble - 1
	return int64(bucket%perDouble+perDouble+1)<<shift - 1
}

// add counts a duration.
func (h *histogram) add(d time.Duration) {
	i := bucketOf(d.Milliseconds())
	h.grow(i + 1)
	(*h)[i]++
}

func (h *histogram) grow(n int) {
	if more := n - len(*h); more > 0 {
		*h = append(*h, make([]int64, more)...)
	}
}

// merge adds what another one has.
func (h *histogram) merge(other histogram) {
	h.grow(len(other))
	for i, n := range other {
		(*h)[i] += n
	}
}

// percentiles are nil of nothing.
func (h histogram) percentiles() *contracts.Percentiles {
	all := int64(0)
	for _, n := range h {
		all += n
	}
	if all == 0 {
		return nil
	}
	return &contracts.Percentiles{P50: h.at(all, 0.50), P95: h.at(all, 0.95), P99: h.at(all, 0.99)}
}

// at is what that part of all durations did not exceed.
func (h histogram) at(all int64, part float64) float64 {
	rank := int64(math.Ceil(part * float64(all)))
	for i, n := range h {
		if rank -= n; rank <= 0 {
			return float64(upper(i))
		}
	}
	return float64(upper(len(h) - 1))
}

var errHistogram = errors.New("buckets of durations are unreadable")

// MarshalJSON writes, of each bucket with anything in it, how many empty ones lie before it, and its count: as bytes, in base64.
func (h histogram) MarshalJSON() ([]byte, error) {
	b := []byte{}
	empty := uint64(0)
	for _, n := range h {
		if n == 0 {
			empty++
			continue
		}
		b = binary.AppendUvarint(binary.AppendUvarint(b, empty), uint64(n)) //nolint:gosec // not negative
		empty = 0
	}
	return json.Marshal(b)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (h *histogram) UnmarshalJSON(text []byte) error {
	var b []byte
	if err := json.Unmarshal(text, &b); err != nil {
		return errHistogram
	}
	*h = nil
	for len(b) > 0 {
		empty, used := binary.Uvarint(b)
		n, more := binary.Uvarint(b[max(used, 0):])
		if used <= 0 || more <= 0 || empty >= buckets || len(*h)+int(empty) >= buckets || n > math.MaxInt64 { //nolint:gosec // small
			return errHistogram
		}
		*h = append(append(*h, make([]int64, empty)...), int64(n)) //nolint:gosec // looked at
		b = b[used+more:]
	}
	return nil
}
