package proxy

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestJSONIsCompressed(t *testing.T) {
	list := `[` + strings.Repeat(`{"mission_id":"0193a5b0","status":"COMPLETED"},`, 200) + `null]`
	tests := []struct {
		name, kind, body, accept, method string
		want                             bool
	}{
		{"a list", "application/json", list, "gzip, br", "GET", true},
		{"a problem", "application/problem+json; charset=utf-8", list, "gzip", "POST", true},
		{"for a client that takes none", "application/json", list, "br", "GET", false},
		{"too short to gain", "application/json", `{"a":1}`, "gzip", "GET", false},
		{"no JSON", "text/event-stream", list, "gzip", "GET", false},
		{"no body", "application/json", list, "gzip", "HEAD", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			upstream := newKillable(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", tt.kind)
				w.Header().Set("Content-Length", strconv.Itoa(len(tt.body)))
				_, _ = io.WriteString(w, tt.body)
			})
			res := newHarness(t, upstream).open(tt.method, "", "Accept-Encoding", tt.accept)
			if got := res.Header.Get("Content-Encoding") == "gzip"; got != tt.want {
				t.Fatalf("compressed %v, want %v: %v", got, tt.want, res.Header)
			}
			if tt.method == "HEAD" {
				return
			}
			var body io.Reader = res.Body
			if tt.want {
				zr, err := gzip.NewReader(res.Body)
				if err != nil {
					t.Fatal(err)
				}
				body = zr
				if res.Header.Get("Vary") != "Accept-Encoding" {
					t.Error("no Vary, caches would mix the forms")
				}
			}
			if text, err := io.ReadAll(body); err != nil || string(text) != tt.body {
				t.Errorf("%d bytes came, want %d; %v", len(text), len(tt.body), err)
			}
		})
	}
}

func TestWhatIsCompressedAlreadyStays(t *testing.T) {
	upstream := newKillable(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, strings.Repeat("packed", 1000))
	})
	if _, body := newHarness(t, upstream).call("GET", "", "Accept-Encoding", "gzip"); body != strings.Repeat("packed", 1000) {
		t.Errorf("it came changed: %d bytes", len(body))
	}
}

func TestAnAnswerThatIsCutLooksCut(t *testing.T) {
	upstream := newKillable(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Repeat("[", 100_000))
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	res := newHarness(t, upstream).open("GET", "", "Accept-Encoding", "gzip")
	if _, err := io.ReadAll(res.Body); err == nil {
		t.Error("half an answer came as a whole one")
	}
}
