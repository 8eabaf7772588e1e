package proxy

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// killable is a commander that can be killed and started again at its address. It
// answers with its name and what it was sent.
type killable struct {
	t       *testing.T
	name    string
	addr    string
	handler http.Handler
	srv     *httptest.Server
}

func newKillable(t *testing.T, name string) *killable {
	k := &killable{t: t, name: name, addr: "127.0.0.1:0"}
	k.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, _ = fmt.Fprintf(w, "%s %s %s %d", name, r.Method, r.RequestURI, len(body))
	})
	k.start()
	t.Cleanup(k.kill)
	return k
}

func (k *killable) start() {
	k.t.Helper()
	l, err := net.Listen("tcp", k.addr)
	if err != nil {
		k.t.Fatal(err)
	}
	k.addr = l.Addr().String()
	k.srv = &httptest.Server{Listener: l, Config: &http.Server{Handler: k.handler}}
	k.srv.Start()
}

func (k *killable) kill() {
	k.srv.CloseClientConnections()
	k.srv.Close()
}

type harness struct {
	t    *testing.T
	url  string
	logs *observer.ObservedLogs
}

func newHarness(t *testing.T, addrs ...string) harness {
	var all []*url.URL
	for _, addr := range addrs {
		all = append(all, &url.URL{Scheme: "http", Host: addr, Path: "/base"})
	}
	core, logs := observer.New(zapcore.InfoLevel)
	p := New(Config{Commanders: all}, zap.New(core))
	p.transport.DisableKeepAlives = true // a write on a connection that just died may have been taken, or not
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
	a, b := newKillable(t, "a"), newKillable(t, "b")
	h := newHarness(t, a.addr, b.addr)
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
func breaking(t *testing.T) (addr string, taken chan string) {
	taken = make(chan string, 10)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		taken <- r.Method
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String(), taken
}

func TestAWriteThatMayHaveBeenTakenIsNotSentTwice(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE"} {
		first, taken := breaking(t)
		h := newHarness(t, first, newKillable(t, "b").addr)
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
	newHarness(t, first, newKillable(t, "b").addr).want("b", "GET", "")
	newHarness(t, first, newKillable(t, "b").addr).want("b", "POST", "{}", "Idempotency-Key", "one")
}

func TestABodyTooLargeToKeepIsSentOnce(t *testing.T) {
	a, b := newKillable(t, "a"), newKillable(t, "b")
	h := newHarness(t, a.addr, b.addr)
	large := strings.Repeat("x", 3*keptBody)
	h.want("a", "POST", large)
	a.kill()
	if status, answer := h.call("POST", large); status != http.StatusBadGateway {
		t.Errorf("%d %s", status, answer)
	}
	h.want("b", "POST", large)
}

func TestAStreamEndsWithItsCommanderAndTheNextGoesOn(t *testing.T) {
	stream := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = fmt.Fprintf(w, "%s after %s\n", name, r.Header.Get("Last-Event-ID"))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		})
	}
	a, b := newKillable(t, "a"), newKillable(t, "b")
	for _, k := range []*killable{a, b} {
		k.kill()
		k.handler = stream(k.name)
		k.start()
	}
	h := newHarness(t, a.addr, b.addr)
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
