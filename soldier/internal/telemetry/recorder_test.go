package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/tokenauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is the broker, and the token. It notes what it gets, and when.
type desk struct {
	mu    sync.Mutex
	packs []contracts.TelemetryPack
	at    []time.Time
	away  bool
}

func (d *desk) Publish(_ context.Context, queue string, m broker.Message) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	p, err := contracts.DecodeTelemetryPack(m.Body)
	switch {
	case err != nil:
		return err
	case queue != "telemetry_queue" || m.Durability != broker.Transient:
		return errors.New("another message")
	}
	if d.packs, d.at = append(d.packs, p), append(d.at, time.Now()); d.away {
		return broker.ErrUnavailable
	}
	return nil
}

func (d *desk) Current() (tokenauth.Credential, string, bool) {
	return tokenauth.Credential{Raw: "token", IssuedAt: time.Now(), AskedAt: time.Now()}, "s", true
}

// got returns what came since it was last asked.
func (d *desk) got() []contracts.TelemetryPack {
	d.mu.Lock()
	defer d.mu.Unlock()
	packs := d.packs
	d.packs = nil
	return packs
}

// recording runs a test of a Recorder in fake time.
func recording(t *testing.T, test func(t *testing.T, d *desk, r *Recorder)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		r := NewRecorder(d, d, zap.NewNop())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		defer func() { cancel(); <-done }()
		test(t, d, r)
	})
}

func ticketOf(n int) *contracts.Ticket {
	return &contracts.Ticket{
		MissionID: fmt.Sprintf("0193a5b0-7c1e-7d7a-9c3b-%012x", n), Attempt: 1, Run: 1, Execution: fmt.Sprint("e", n), Session: "s", MAC: "m",
	}
}

func speak(r *Recorder, n int) *Voice {
	_, v := With(context.Background(), ticketOf(n), r)
	return v
}

// left fails where the recorder remembers anything.
func left(t *testing.T, r *Recorder) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.executions) > 0 || len(r.turns) > 0 || r.size != 0 {
		t.Errorf("%d executions, %d turns and %d bytes are left", len(r.executions), len(r.turns), r.size)
	}
}

func TestWhatIsSaidGoesOutTwiceASecond(t *testing.T) {
	recording(t, func(t *testing.T, d *desk, r *Recorder) {
		a, b := speak(r, 1), speak(r, 2)
		a.Progress(140, "")
		synctest.Wait()
		if packs := d.got(); len(packs) != 1 || len(packs[0].Reports) != 1 || packs[0].Reports[0].Progress.Percent != 100 || packs[0].Token != "token" {
			t.Fatalf("got %+v", packs)
		}
		for i := range 1000 {
			a.Line(contracts.LevelWarn, fmt.Sprint("line ", i))
			b.Progress(i/10, "at it")
			time.Sleep(5 * time.Millisecond)
		}
		a.End()
		b.End()
		time.Sleep(time.Second)
		packs := d.got()
		if n := len(packs); n < 9 || n > 12 {
			t.Errorf("%d packs in 5 s", n)
		}
		lines, seq, last := 0, int64(1), 0
		for i, p := range packs {
			if i > 0 && d.at[i+1].Sub(d.at[i]) < sendEvery {
				t.Errorf("two packs within %v", d.at[i+1].Sub(d.at[i]))
			}
			for _, report := range p.Reports {
				if report.Ticket.Execution == "e2" {
					last = report.Progress.Percent
					continue
				}
				if seq++; report.Seq != seq || report.Before != int64(lines) || report.Lines[0].Text != fmt.Sprint("line ", lines) {
					t.Fatalf("report %d, behind %d lines, after %d", report.Seq, report.Before, lines)
				}
				lines += len(report.Lines)
			}
		}
		if lines != 1000 || last != 99 {
			t.Errorf("%d lines, %d %%", lines, last)
		}
		a.Line(contracts.LevelInfo, "too late")
		a.Progress(1, "")
		left(t, r)
	})
}

func TestAFloodIsCountedAndInNobodysWay(t *testing.T) {
	recording(t, func(t *testing.T, d *desk, r *Recorder) {
		flood, calm := speak(r, 1), speak(r, 2)
		const said = 100_000
		for i := range said {
			flood.Line(contracts.LevelInfo, strings.Repeat("x", i%5000))
			if i == said/2 {
				calm.Line(contracts.LevelInfo, "calm")
			}
		}
		r.mu.Lock()
		size := r.size
		r.mu.Unlock()
		if size > contracts.MaxLogBytes+1000 {
			t.Errorf("%d bytes wait", size)
		}
		flood.End()
		calm.End()
		time.Sleep(time.Second)
		known, calmly := int64(0), ""
		for _, p := range d.got() {
			for _, report := range p.Reports {
				if report.Ticket.Execution == "e2" {
					calmly += report.Lines[0].Text
				} else {
					known = report.Before + int64(len(report.Lines))
				}
			}
		}
		if known != said || calmly != "calm" {
			t.Errorf("%d lines are known of, and %q was said calmly", known, calmly)
		}
		left(t, r)
	})
}

func TestWhatManySayTogetherIsBounded(t *testing.T) {
	d := &desk{}
	r := NewRecorder(d, d, zap.NewNop())
	for n := range 200 {
		v := speak(r, n)
		for range 20 {
			v.Line(contracts.LevelInfo, strings.Repeat("x", contracts.MaxLogText))
		}
		v.Progress(n/2, "")
		v.End()
	}
	if r.size > maxBuffered {
		t.Errorf("%d bytes wait", r.size)
	}
	seen := map[string]int64{}
	for range 1000 {
		if !r.waiting() {
			break
		}
		r.send(t.Context(), time.Second)
		for _, p := range d.got() {
			size := 0
			for _, report := range p.Reports {
				seen[report.Ticket.Execution] = max(seen[report.Ticket.Execution], report.Before+int64(len(report.Lines)))
				for _, l := range report.Lines {
					size += len(l.Text)
				}
			}
			if size > packBytes+contracts.MaxLogText {
				t.Fatalf("a pack of %d bytes", size)
			}
		}
	}
	for execution, lines := range seen {
		if lines != 20 {
			t.Errorf("%s: %d lines are known of", execution, lines)
		}
	}
	if len(seen) != 200 {
		t.Errorf("%d executions were heard", len(seen))
	}
	left(t, r)
}

func TestWhatCouldNotBeSentIsToldAgain(t *testing.T) {
	recording(t, func(t *testing.T, d *desk, r *Recorder) {
		d.away = true
		v := speak(r, 1)
		v.Progress(10, "")
		v.Line(contracts.LevelInfo, "first")
		time.Sleep(5 * time.Second)
		v.Line(contracts.LevelInfo, "second")
		if n := len(d.got()); n != 3 {
			t.Errorf("%d tries in 5 s, want one each 2 s", n)
		}
		d.mu.Lock()
		d.away = false
		d.mu.Unlock()
		v.End()
		time.Sleep(3 * time.Second)
		packs := d.got()
		if len(packs) != 1 {
			t.Fatalf("%d packs", len(packs))
		}
		got := packs[0].Reports[0]
		if got.Before != 0 || len(got.Lines) != 2 || got.Lines[0].Text != "first" || got.Progress == nil || got.Progress.Percent != 10 || got.Seq != 4 {
			t.Errorf("got %+v", got)
		}
		left(t, r)
	})
}

func TestNothingIsToldOfAnotherSession(t *testing.T) {
	recording(t, func(t *testing.T, d *desk, r *Recorder) {
		ticket := ticketOf(1)
		ticket.Session = "before"
		_, v := With(t.Context(), ticket, r)
		v.Line(contracts.LevelInfo, "lost")
		speak(r, 2).End()
		v.End()
		time.Sleep(time.Second)
		if packs := d.got(); len(packs) > 0 {
			t.Errorf("got %+v", packs)
		}
		left(t, r)
	})
}

func TestWhatIsLeftIsToldAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{}
		r := NewRecorder(d, d, zap.NewNop())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); r.Run(ctx) }()
		v := speak(r, 1)
		v.Line(contracts.LevelInfo, "a")
		synctest.Wait()
		v.Line(contracts.LevelInfo, "b")
		v.End()
		cancel()
		<-done
		if packs := d.got(); len(packs) != 2 || packs[1].Reports[0].Lines[0].Text != "b" {
			t.Errorf("got %+v", packs)
		}
		left(t, r)
	})
}

func TestTextsFit(t *testing.T) {
	for _, c := range []struct {
		text, want string
		cut        bool
	}{
		{"a\nb\r\n", "a\nb", false}, {"12345678", "12345678", false}, {"123456789", "12345678", true}, {"1234567ü", "1234567", true},
		{"\xff", "\uFFFD", false}, {"", "", false},
	} {
		if got, cut := fit(c.text, 8); got != c.want || cut != c.cut {
			t.Errorf("%q became %q, %v", c.text, got, cut)
		}
	}
}

func TestWithoutAVoiceNothingIsSaid(t *testing.T) {
	v := From(t.Context())
	v.Progress(1, "")
	v.Line(contracts.LevelInfo, "nobody hears it")
}
