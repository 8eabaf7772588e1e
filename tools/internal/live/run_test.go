package live

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// paper is a Screen that keeps what was drawn.
type paper struct {
	keys chan byte

	mu            sync.Mutex
	width, height int
	frames        int
	last          string
	err           error
}

func newPaper() *paper { return &paper{keys: make(chan byte), width: 80, height: 24} }

func (p *paper) Keys() <-chan byte { return p.keys }

func (p *paper) Size() (width, height int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.width, p.height
}

func (p *paper) Draw(lines []Line) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.frames++
	p.last = strings.Join(textOf(lines, p.width), "\n")
	return p.err
}

// drawn is how often, and what it was last.
func (p *paper) drawn() (frames int, last string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.frames, p.last
}

func (p *paper) become(width, height int, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.width, p.height, p.err = width, height, err
}

// stream is a Source that says what a test sends. A nil in events is followed by err.
type stream struct {
	events chan client.Event
	err    error
	lists  atomic.Int32
	list   func(n int) ([]contracts.Mission, error)
}

func newStream() *stream { return &stream{events: make(chan client.Event)} }

func (s *stream) source() Source {
	return Source{
		URL: "http://c",
		Events: func(ctx context.Context) iter.Seq2[client.Event, error] {
			return func(yield func(client.Event, error) bool) {
				for {
					select {
					case e, open := <-s.events:
						if !open {
							yield(client.Event{}, s.err)
							return
						}
						if !yield(e, nil) {
							return
						}
					case <-ctx.Done():
						yield(client.Event{}, context.Cause(ctx))
						return
					}
				}
			}
		},
		List: func(context.Context) ([]contracts.Mission, error) {
			n := int(s.lists.Add(1))
			if s.list == nil {
				return nil, nil
			}
			return s.list(n)
		},
	}
}

// start runs a view in a bubble, and returns how to end it by a key and see its end.
func start(t *testing.T, s *stream, p *paper) func(key byte) (End, error) {
	t.Helper()
	type ended struct {
		End
		error
	}
	done := make(chan ended, 1)
	go func() {
		end, err := Run(t.Context(), s.source(), Filter{}, p)
		done <- ended{end, err}
	}()
	return func(key byte) (End, error) {
		if key != 0 {
			p.keys <- key
		}
		e := <-done
		return e.End, e.error
	}
}

// pass lets time pass, and what is due in it happen.
func pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// TestFewRedraws: 2,000 changes a second are at most four redraws a second, and all of them are taken.
func TestFewRedraws(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newStream(), newPaper()
		end := start(t, s, p)
		s.events <- client.Event{Type: client.EventConnected}
		const seconds, rate = 3, 2000
		for n := range seconds * rate {
			time.Sleep(time.Second / rate) // fake time
			s.events <- eventOf(t, missionOf(n, contracts.StatusInProgress, 1))
		}
		pass(time.Second)
		before, last := p.drawn()
		if before > (seconds+1)*4+1 || before < seconds*4-1 {
			t.Errorf("%d redraws in %d s", before, seconds+1)
		}
		if want := "RUNNING 5,000 or more"; !strings.Contains(last, want) {
			t.Errorf("want %q in\n%s", want, last)
		}
		pass(10 * time.Second)
		if after, _ := p.drawn(); after-before > 11 {
			t.Errorf("%d redraws in 10 quiet seconds", after-before)
		}
		if how, err := end('q'); how != Quit || err != nil {
			t.Errorf("ended %v, %v", how, err)
		}
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newStream(), newPaper()
		end := start(t, s, p)
		s.events <- client.Event{Type: client.EventConnected}
		p.keys <- 'p'
		pass(time.Second)
		s.events <- eventOf(t, missionOf(7, contracts.StatusFailed, 1))
		p.become(100, 30, nil)
		pass(3 * time.Second)
		if _, last := p.drawn(); !strings.Contains(last, "paused: this is how it was at ") || strings.Contains(last, "sector 7") {
			t.Errorf("paused:\n%s", last)
		}
		p.keys <- 'p'
		pass(time.Second)
		if _, last := p.drawn(); strings.Contains(last, "paused") || !strings.Contains(last, "sector 7  the bridge is out") {
			t.Errorf("going on:\n%s", last)
		}
		if how, err := end(0x03); how != Interrupted || err != nil {
			t.Errorf("ended %v, %v", how, err)
		}
	})
}

// TestLists: at the start, after a reset, and again where one failed for now.
func TestLists(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, p := newStream(), newPaper()
		s.list = func(n int) ([]contracts.Mission, error) {
			if n == 1 {
				return nil, fmt.Errorf("listing: %w", &client.Problem{Status: 503})
			}
			return []contracts.Mission{missionOf(n, contracts.StatusInProgress, 1)}, nil
		}
		end := start(t, s, p)
		s.events <- client.Event{Type: client.EventConnected}
		pass(listAgain + time.Second)
		if _, last := p.drawn(); s.lists.Load() != 2 || !strings.Contains(last, "sector 2") {
			t.Errorf("%d lists at the start:\n%s", s.lists.Load(), last)
		}
		s.events <- client.Event{Type: client.EventDisconnected, Err: errors.New("gone")}
		s.events <- client.Event{Type: client.EventConnected}
		pass(time.Second)
		if s.lists.Load() != 2 {
			t.Errorf("%d lists after a stream that was resumed", s.lists.Load())
		}
		s.events <- client.Event{Type: client.EventReset}
		pass(time.Second)
		if _, last := p.drawn(); s.lists.Load() != 3 || !strings.Contains(last, "sector 3") || strings.Contains(last, "sector 2") {
			t.Errorf("%d lists after a reset:\n%s", s.lists.Load(), last)
		}
		if _, err := end('q'); err != nil {
			t.Error(err)
		}
	})
}

// TestWhatEndsIt: a refusal of the stream or of a list, a terminal that is gone.
func TestWhatEndsIt(t *testing.T) {
	refused := &client.Problem{Status: 401}
	gone := errors.New("the terminal is gone")
	for name, c := range map[string]struct {
		act  func(s *stream, p *paper)
		want error
	}{
		"the stream": {func(s *stream, _ *paper) { s.err = refused; close(s.events) }, refused},
		"a list": {func(s *stream, _ *paper) {
			s.list = func(int) ([]contracts.Mission, error) { return nil, refused }
			s.events <- client.Event{Type: client.EventConnected}
		}, refused},
		"the terminal": {func(_ *stream, p *paper) { p.become(80, 24, gone) }, gone},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, p := newStream(), newPaper()
				end := start(t, s, p)
				synctest.Wait()
				c.act(s, p)
				if _, err := end(0); !errors.Is(err, c.want) {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
