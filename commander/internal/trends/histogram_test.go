package trends

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// ms draws durations of all sizes, and not only large ones.
func ms(t *rapid.T, label string) int64 {
	bits := rapid.IntRange(0, 36).Draw(t, label+" bits")
	return rapid.Int64Range(0, 1<<bits-1).Draw(t, label)
}

// A percentile is never below the true one, and at most a tenth above; and it makes no difference who counted what.
func TestPercentilesAreTheTrueOnesOrATenthMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var all []int64
		parts := make([]histogram, rapid.IntRange(1, 4).Draw(t, "commanders"))
		for range rapid.IntRange(1, 200).Draw(t, "runs") {
			d := ms(t, "ms")
			all = append(all, d)
			parts[rapid.IntRange(0, len(parts)-1).Draw(t, "who")].add(time.Duration(d) * time.Millisecond)
		}
		var sum histogram
		for _, p := range parts {
			b, err := json.Marshal(p)
			if err != nil {
				t.Fatal(err)
			}
			var read histogram
			if err := json.Unmarshal(b, &read); err != nil {
				t.Fatal(err)
			}
			sum.merge(read)
		}
		slices.Sort(all)
		got := sum.percentiles()
		for _, c := range []struct {
			part, got float64
		}{{0.50, got.P50}, {0.95, got.P95}, {0.99, got.P99}} {
			want := float64(all[int(math.Ceil(c.part*float64(len(all))))-1])
			if c.got < want || c.got > 1.1*want {
				t.Fatalf("p%v is %v, the true one %v", 100*c.part, c.got, want)
			}
		}
	})
}

func TestBucketsFollowEachOther(t *testing.T) {
	next := int64(0)
	for i := range buckets {
		if got := bucketOf(next); got != i {
			t.Fatalf("%d ms are in bucket %d, want %d", next, got, i)
		}
		if got := bucketOf(upper(i)); got != i {
			t.Fatalf("%d ms, the end of bucket %d, are in %d", upper(i), i, got)
		}
		next = upper(i) + 1
	}
	if next != longest+1 {
		t.Errorf("the last bucket ends at %d, want %d", next-1, int64(longest))
	}
	if a, b := bucketOf(math.MaxInt64), bucketOf(-5); a != buckets-1 || b != 0 {
		t.Errorf("what is out of bounds is in %d and %d", a, b)
	}
}

func TestOfNothingThereAreNoPercentiles(t *testing.T) {
	if p := (histogram{0, 0}).percentiles(); p != nil {
		t.Errorf("%+v", p)
	}
}

func FuzzReadHistogram(f *testing.F) {
	for _, h := range []histogram{nil, {1}, {0, 0, 3, 1 << 40}} {
		b, err := json.Marshal(h)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`"//////////8B"`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var h histogram
		if json.Unmarshal(text, &h) == nil && len(h) > buckets {
			t.Errorf("%d buckets", len(h))
		}
		h.percentiles()
	})
}
