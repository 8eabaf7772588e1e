package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// killable is a commander that can be killed and started again at its address. Its server lives on meanwhile, for a port that
// is given back may be another's by then; but nobody gets a connection to it.
type killable struct {
	*httptest.Server
	dead atomic.Bool
}

func newKillable(t *testing.T, handler http.HandlerFunc) *killable {
	k := &killable{Server: httptest.NewServer(handler)}
	t.Cleanup(func() {
		k.CloseClientConnections()
		k.Close()
	})
	return k
}

// named returns a commander that answers with its name and what it was sent.
func named(t *testing.T, name string) *killable {
	return newKillable(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %d", name, r.Method, r.RequestURI, len(body))
	})
}

func (k *killable) start() { k.dead.Store(false) }

func (k *killable) kill() {
	k.dead.Store(true)
	k.CloseClientConnections()
}

func (k *killable) addr() string { return k.Listener.Addr().String() }

type harness struct {
	t    *testing.T
	url  string
	logs *observer.ObservedLogs
}

func newHarness(t *testing.T, commanders ...*killable) harness {
	var all []*url.URL
	for _, k := range commanders {
		all = append(all, &url.URL{Scheme: "http", Host: k.addr(), Path: "/base"})
	}
	core, logs := observer.New(zapcore.InfoLevel)
	p := New(Config{Commanders: all}, zap.New(core))
	p.transport.DisableKeepAlives = true // a write on a connection that just died may have been taken, or not
	dial := p.transport.DialContext
	p.transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if slices.ContainsFunc(commanders, func(k *killable) bool { return k.addr() == addr && k.dead.Load() }) {
			return nil, &net.OpError{Op: "dial", Net: network, Err: syscall.ECONNREFUSED}
		}
		return dial(ctx, network, addr)
	}
	srv := httptest.NewServer(p)
	t.Cleanup(func() { srv.Close(); p.Close() })
	return harness{t, srv.URL, logs}
}

func (h harness) open(method, body string, header ...string) *http.Response {
	h.t.Helper()
	r, err := http.NewRequestWithContext(h.t.Context(), method, h.url+"/x?y=%2F", strings.NewReader(body))
	if err != nil {
		h.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	h.t.Cleanup(client.CloseIdleConnections)
	res, err := client.Do(r)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func (h harness) call(method, body string, header ...string) (status int, answer string) {
	h.t.Helper()
	res := h.open(method, body, header...)
	text, err := io.ReadAll(res.Body)
	if err != nil {
		h.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

func (h harness) want(who, method, body string, header ...string) {
	h.t.Helper()
	want := fmt.Sprintf("%s %s /base/x?y=%%2F %d", who, method, len(body))
	if status, answer := h.call(method, body, header...); status != http.StatusOK || answer != want {
		h.t.Errorf("%d %q, want %q", status, answer, want)
	}
}

func TestRequestsStayWithTheOneThatAnswers(t *testing.T) {
	a, b := named(t, "a"), named(t, "b")
	h := newHarness(t, a, b)
	h.want("a", "GET", "")
	h.want("a", "POST", "{}")

	a.kill()
	h.want("b", "POST", "{}") // no connection came about, so it was not taken
	h.want("b", "GET", "")
	a.start()
	h.want("b", "GET", "") // what works is not left

	b.kill()
	h.want("a", "POST", strings.Repeat("x", keptBody))
	a.kill()
	status, answer := h.call("GET", "")
	if status != http.StatusBadGateway || !strings.Contains(answer, "commander_unreachable") || !strings.Contains(answer, "any of the 2 commanders") {
		t.Errorf("%d %s", status, answer)
	}
	b.start()
	h.want("b", "GET", "") // at once, however short ago it failed
	if n := h.logs.FilterMessage("commander is unreachable").Len(); n != 3 {
		t.Errorf("logged %d outages, want 3: a, b, and a again", n)
	}
}

// breaking takes the request and breaks off before it answers, counting.
func breaking(t *testing.T) (k *killable, taken chan string) {
	taken = make(chan string, 10)
	return newKillable(t, func(_ http.ResponseWriter, r *http.Request) {
		taken <- r.Method
		panic(http.ErrAbortHandler)
	}), taken
}

func TestAWriteThatMayHaveBeenTakenIsNotSentTwice(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		first, taken := breaking(t)
		h := newHarness(t, first, named(t, "b"))
		status, answer := h.call(method, "{}")
		if status != http.StatusBadGateway || !strings.Contains(answer, "may have done what it was asked") {
			t.Errorf("%s: %d %s", method, status, answer)
		}
		if n := len(taken); n != 1 {
			t.Errorf("%s: taken %d times", method, n)
		}
		h.want("b", method, "{}") // the next write goes where there is an answer
	}
}

func TestWhatMayBeRepeatedGoesToTheNext(t *testing.T) {
	first, _ := breaking(t)
	newHarness(t, first, named(t, "b")).want("b", "GET", "")
	newHarness(t, first, named(t, "b")).want("b", "POST", "{}", "Idempotency-Key", "one")
}

func TestABodyTooLargeToKeepIsSentOnce(t *testing.T) {
	a, b := named(t, "a"), named(t, "b")
	h := newHarness(t, a, b)
	large := strings.Repeat("x", 3*keptBody)
	h.want("a", "POST", large)
	a.kill()
	if status, answer := h.call("POST", large); status != http.StatusBadGateway {
		t.Errorf("%d %s", status, answer)
	}
	h.want("b", "POST", large)
}

func TestAStreamEndsWithItsCommanderAndTheNextGoesOn(t *testing.T) {
	stream := func(name string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, "%s after %s\n", name, r.Header.Get("Last-Event-ID"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}
	}
	a, b := newKillable(t, stream("a")), newKillable(t, stream("b"))
	h := newHarness(t, a, b)
	follow := func(want string, header ...string) *bufio.Reader {
		t.Helper()
		lines := bufio.NewReader(h.open("GET", "", append(header, "Accept-Encoding", "gzip")...).Body)
		if line, err := lines.ReadString('\n'); line != want {
			t.Fatalf("%q, %v; want %q", line, err, want)
		}
		return lines
	}
	lines := follow("a after \n")
	a.kill()
	if line, err := lines.ReadString('\n'); err == nil {
		t.Errorf("the stream goes on with %q", line)
	}
	follow("b after 1-0\n", "Last-Event-ID", "1-0")
}

func TestACommanderThatFailedOfLateComesLast(t *testing.T) {
	c := newCommanders([]*url.URL{{Host: "a"}, {Host: "b"}, {Host: "c"}}, nil, zap.NewNop())
	order := func(current int) string { return fmt.Sprint(c.order(current)) }
	if got := order(1); got != "[1 2 0]" {
		t.Errorf("all well, at b: %s", got)
	}
	c.failed(c.all[1], io.EOF)
	if got := order(1); got != "[2 0 1]" {
		t.Errorf("b has failed: %s", got)
	}
	long := time.Now().Add(-awayFor)
	c.all[1].away.Store(&long)
	if got := order(1); got != "[1 2 0]" {
		t.Errorf("b failed long ago: %s", got)
	}
}
