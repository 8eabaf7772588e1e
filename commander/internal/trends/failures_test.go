package trends

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

func TestWhichMessagesAreAlike(t *testing.T) {
	for message, want := range map[string]string{
		"":                                 "",
		"connection refused":               "connection refused",
		"exit status 1":                    "exit status #",
		"took 1.5s, not 980ms":             "took #s, not #ms",
		"dial tcp 10.0.0.17:5672: refused": "dial tcp #: refused",
		"order 0193a5b0-7c1e-7d7a-abcd-0c1d2e3f4a5b is gone": "order # is gone",
		"ORDER 0193A5B0-7C1E-7D7A-ABCD-0C1D2E3F4A5B":         "ORDER #",
		"commit deadbeef1 of 7f3a":                           "commit # of #",
		"a bad face":                                         "a bad face", // hexadecimal, and words
		"ulid 01HF8ZQ3M5X7Y9ABCDEFGHJKMN":                    "ulid #",
		`no such file "a.txt" in "b"`:                        "no such file # in #",
		`quote "a \" b" over`:                                "quote # over",
		"can't open 'x y', isn't there":                      "can't open #, isn't there",
		"unknown field `size`":                               "unknown field #",
		`cut within "a quot`:                                 "cut within #",
		"v1beta2 of thing3":                                  "v#beta# of thing#",
		"größe 7 zu groß":                                    "größe # zu groß",
	} {
		if got := Pattern(message); got != want {
			t.Errorf("%q is %q, want %q", message, got, want)
		}
	}
}

// Long messages that differ in how many digits they have are alike, though they are cut at different words.
func TestWhereAMessageIsCutMakesNoDifference(t *testing.T) {
	text := strings.Repeat("some words that go on ", 40)
	a, b := "failed after 7 ms: "+text, "failed after 1234567 ms: "+text
	if a, b = Pattern(cut(a)), Pattern(cut(b)); a != b {
		t.Errorf("%q\n%q", a, b)
	}
}

func TestAMessageIsCutBetweenCharacters(t *testing.T) {
	if got := cut(strings.Repeat("ö", 400)); got != strings.Repeat("ö", contracts.MaxFailureMessage) {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("a 'b\\", "")
	f.Fuzz(func(_ *testing.T, a, b string) { Pattern(a + "\"" + b) })
}

func failure(kind, message string, at int64) *contracts.Mission {
	return &contracts.Mission{
		MissionID: fmt.Sprint("m", at), Kind: kind, UpdatedAt: contracts.FromMillis(at), Error: &contracts.MissionError{Code: "failed", Message: message},
	}
}

func TestAGroupTellsTheFirstAndTheNewest(t *testing.T) {
	r := NewRecorder()
	for _, at := range []int64{5, 9, 2} {
		r.Failed(failure("resize", fmt.Sprintf("took %d s", at), at))
	}
	r.Failed(failure("mail", "took 5 s", 1))
	r.Failed(&contracts.Mission{MissionID: "x", Kind: "mail", UpdatedAt: contracts.FromMillis(3)}) // its soldier said nothing more
	_, f := r.take()
	var c chunk
	c.fail(&batch{failures: f})
	want := contracts.FailureGroup{
		Kind: "resize", Code: "failed", Message: "took 9 s", Count: 3, MissionID: "m9", FirstAt: contracts.FromMillis(2), LastAt: contracts.FromMillis(9),
	}
	if len(c.Groups) != 3 || c.Groups[0] != want || c.Others != 0 {
		t.Errorf("%+v", c)
	}
	if last := c.Groups[1]; last.Kind != "mail" || last.Code != contracts.ErrorCodeFailed || last.Message != "" {
		t.Errorf("without an error: %+v", last)
	}
}

// Whatever missions fail with, groups and documents stay bounded, no failure is lost, and the frequent ones stay.
func TestGroupsAreBounded(t *testing.T) {
	var c chunk
	total, often := int64(0), int64(0)
	for batchOf := range 5 {
		r := NewRecorder()
		for i := range 50 {
			r.Failed(failure("k", "the same again", int64(batchOf*1000+i)))
			often++
		}
		for i := range 2 * maxGroups {
			total++
			r.Failed(failure("k", strings.Repeat(string(rune('a'+i%26)), 1+i/26)+strings.Repeat("<", 290)+strings.Repeat("z", batchOf), int64(i)))
		}
		_, f := r.take()
		if len(f.groups) > maxGroups {
			t.Fatalf("%d groups in memory", len(f.groups))
		}
		c.fail(&batch{failures: f})
		body, err := c.encode()
		if err != nil || len(body) > store.MaxDocumentSize {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		if c, err = decode(body); err != nil {
			t.Fatal(err)
		}
	}
	if got := c.Groups[0]; got.Message != "the same again" || got.Count != often {
		t.Errorf("the most frequent is %+v", got)
	}
	sum := c.Others
	for _, g := range c.Groups {
		sum += g.Count
	}
	if sum != total+often {
		t.Errorf("%d failures are counted, want %d", sum, total+often)
	}
}

// A document has room for its steps, however much happened in each.
func TestStepsAlwaysHaveRoom(t *testing.T) {
	full := make(histogram, buckets)
	for i := range full {
		full[i] = 1<<35 - 1
	}
	most := counts{Created: 1 << 50, Completed: 1 << 50, Failed: 1 << 50, Cancelled: 1 << 50, Wait: full, Run: full}
	var c chunk
	for i := range 2 * maxWriters {
		b := &batch{number: 1_800_000_000_000 + int64(i), counts: most, gauges: &gauges{At: contracts.At(time.Now())}}
		if i < stepsInChunk {
			c.count(time.Unix(1_800_000_000+int64(10*i), 0), b)
		}
		c.note(fmt.Sprintf("%013d", i), b)
	}
	body, err := c.encode()
	if err != nil || len(body) > store.MaxDocumentSize || len(c.By) != maxWriters || len(c.Steps) != stepsInChunk {
		t.Errorf("%d bytes for %d steps of %d writers, %v", len(body), len(c.Steps), len(c.By), err)
	}
	for i := range 2 * maxWriters {
		if kept := c.By[fmt.Sprintf("%013d", i)] != 0; kept != (i >= maxWriters) {
			t.Errorf("writer %d is kept: %v", i, kept)
		}
	}
}

func TestAChunkReadsWhatItWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c chunk
		for i := range rapid.IntRange(0, 5).Draw(t, "batches") {
			b := &batch{number: int64(i + 1), counts: counts{Created: rapid.Int64Range(0, 3).Draw(t, "created")}}
			b.counts.Run.add(time.Duration(ms(t, "run")) * time.Millisecond)
			if rapid.Bool().Draw(t, "seen") {
				b.gauges = &gauges{At: contracts.FromMillis(int64(i + 1)), TrendGauges: contracts.TrendGauges{Queued: 7, Busy: 2}}
			}
			c.count(time.Unix(rapid.Int64Range(0, 3).Draw(t, "step"), 0), b)
			c.note("w", b)
		}
		before, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		read, err := decode(before)
		if err != nil {
			t.Fatal(err)
		}
		if after, _ := json.Marshal(&read); string(after) != string(before) {
			t.Fatalf("%s\n%s", before, after)
		}
	})
}
