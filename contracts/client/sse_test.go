package client

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
)

type parsed struct{ Event, Data, ID string }

func parse(r io.Reader) ([]parsed, *frames, error) {
	f := newFrames(r, "")
	var all []parsed
	for {
		e, err := f.next()
		if err != nil {
			return all, f, err
		}
		all = append(all, parsed{e.event, string(e.data), f.lastID})
	}
}

func TestFrames(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     []parsed
		lastID   string
	}{
		{"nothing", "", nil, ""},
		{"plain", "data: a\n\n", []parsed{{"message", "a", ""}}, ""},
		{"crlf", "event: x\r\ndata: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", []parsed{{"x", "a\nb", ""}, {"message", "c", ""}}, ""},
		{"cr", "data: a\r\rdata: b\r\r", []parsed{{"message", "a", ""}, {"message", "b", ""}}, ""},
		{"mixed ends", "data: a\r\n\ndata: b\n\r\n", []parsed{{"message", "a", ""}, {"message", "b", ""}}, ""},
		{"mark", "\ufeffdata: a\n\n", []parsed{{"message", "a", ""}}, ""},
		{"comments", ": x\n:\n\n: y\ndata: a\n\n", []parsed{{"message", "a", ""}}, ""},
		{"one space is cut", "data:  a\ndata:b\ndata\n\n", []parsed{{"message", " a\nb\n", ""}}, ""},
		{"empty data is data", "data\n\n", []parsed{{"message", "", ""}}, ""},
		{"id alone", "id: 7\n\n", nil, "7"},
		{"id stays", "id: 7\ndata: a\n\ndata: b\n\n", []parsed{{"message", "a", "7"}, {"message", "b", "7"}}, "7"},
		{"id is taken back", "id: 7\ndata: a\n\nid\ndata: b\n\n", []parsed{{"message", "a", "7"}, {"message", "b", ""}}, ""},
		{"id with NUL", "id: 7\x00\ndata: a\n\n", []parsed{{"message", "a", ""}}, ""},
		{"id of a cut event", "id: 7\ndata: a\n\nid: 8\ndata: b\n", []parsed{{"message", "a", "7"}}, "7"},
		{"type of an event without data", "event: x\n\ndata: a\n\n", []parsed{{"message", "a", ""}}, ""},
		{"unknown fields", "foo: 1\ndata: a\nDATA: b\n\n", []parsed{{"message", "a", ""}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for how, r := range map[string]io.Reader{
				"whole": strings.NewReader(tc.in), "byte by byte": iotest.OneByteReader(strings.NewReader(tc.in)),
			} {
				got, f, err := parse(r)
				if !errors.Is(err, io.EOF) || f.lastID != tc.lastID {
					t.Errorf("%s: ended with %v, id %q", how, err, f.lastID)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s: %s", how, diff)
				}
			}
		})
	}
}

func TestFramesRetry(t *testing.T) {
	for in, want := range map[string]time.Duration{
		"retry: 1500\n\n": 1500 * time.Millisecond, "retry: x\n\n": 0, "retry: -1\n\n": 0, "retry: 99999999999999999999\n\n": 0,
	} {
		if _, f, _ := parse(strings.NewReader(in)); f.retry != want {
			t.Errorf("%q: %s, want %s", in, f.retry, want)
		}
	}
}

func TestFramesAreBounded(t *testing.T) {
	line := "data: " + strings.Repeat("x", 1<<20) + "\n"
	for name, in := range map[string]string{
		"line": "data: " + strings.Repeat("x", maxEvent+1), "lines": strings.Repeat(line, 5),
	} {
		if _, _, err := parse(strings.NewReader(in)); !errors.Is(err, errEventTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Whatever comes, the parser ends with the input, and how the bytes are cut changes nothing.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		"data: a\n\n", "id: 1\r\nevent: x\r\ndata: a\r\ndata: b\r\n\r\n", "\ufeff:x\rdata\r\rretry: 5\n\n", "\n\n\n", "id: \x00\n\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		whole, a, err := parse(bytes.NewReader(in))
		if !errors.Is(err, io.EOF) {
			t.Fatalf("ended with %v", err)
		}
		cut, b, _ := parse(iotest.OneByteReader(bytes.NewReader(in)))
		if diff := cmp.Diff(whole, cut); diff != "" || a.lastID != b.lastID || a.retry != b.retry {
			t.Fatalf("cut differently: %s", diff)
		}
		for _, e := range whole {
			if strings.ContainsAny(e.Event+e.ID, "\r\n") || strings.Contains(e.Data, "\r") {
				t.Fatalf("a line end in %q", e)
			}
		}
	})
}
