package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
)

// told is what a connection got, in numbers.
type told struct {
	missions, more, resets int
	versions               map[string]int64 // the newest of each mission
}

func (c *connection) told(t *testing.T) told {
	t.Helper()
	synctest.Wait()
	got := told{versions: map[string]int64{}}
	for f := range strings.SplitSeq(c.got(), "\n\n") {
		_, data, _ := strings.Cut(f, "data: ")
		var read struct {
			MissionID string `json:"mission_id"`
			Version   int64
			Missions  int
		}
		if data != "" {
			if err := json.Unmarshal([]byte(data), &read); err != nil {
				t.Fatalf("%v in %q", err, f)
			}
		}
		switch kind, _, _ := strings.Cut(f, "\n"); kind {
		case "event: mission":
			got.missions++
			got.versions[read.MissionID] = max(got.versions[read.MissionID], read.Version)
		case "event: more":
			got.more += read.Missions
		case "event: reset":
			got.resets++
		}
	}
	return got
}

// lastID is the id that the client would resume from.
func (c *connection) lastID() string {
	ids := regexp.MustCompile(`(?m)^id: (.*)$`).FindAllStringSubmatch(c.got(), -1)
	return ids[len(ids)-1][1]
}

// storm makes version v of missions first to last.
func (w *world) storm(first, last int, v int64) {
	w.t.Helper()
	for n := first; n <= last; n++ {
		w.commit(n, v)
	}
}

func TestABoundedStreamTellsAtOnceWhileLittleHappens(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{PerSecond: 10})
		for n := range 10 {
			w.commit(n, 1)
			c.wants(t, id(n), fmt.Sprintf("\n\nid: %d\n\n", n+1))
		}
		c.lacks(t, "event: more")
		if n := strings.Count(c.got(), "event: mission\ndata: {"); n != 10 {
			t.Errorf("%d frames without ids of their own in\n%s", n, c.got())
		}
	})
}

func TestWhatWaitsIsToldThoughNothingElseHappens(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{PerSecond: 1})
		w.commit(0, 1)
		c.wants(t, id(0))
		w.commit(1, 1)
		c.lacks(t, id(1))
		time.Sleep(time.Second)
		c.wants(t, id(0), id(1), "id: 2\n\n")
		c.lacks(t, "event: more")
	})
}

func TestTheBoundHolds(t *testing.T) {
	const perSecond, watched = 50, 7
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{PerSecond: perSecond, Watch: []string{id(watched)}})
		all := w.attach(Request{})
		var seconds []int // what was told in each tenth of a second
		version := make([]int64, 400)
		for tick := range 100 {
			for i := range 200 { // 2,000 a second
				n := (tick*200 + i) % len(version)
				version[n]++
				w.commit(n, version[n])
			}
			time.Sleep(100 * time.Millisecond)
			got := c.told(t)
			seconds = append(seconds, got.missions-strings.Count(c.got(), `"mission_id":"`+id(watched)))
			if v := got.versions[id(watched)]; v != version[watched] {
				t.Fatalf("the watched mission is at %d, told at %d", version[watched], v)
			}
		}
		for i, before := range seconds[:len(seconds)-10] {
			if n := seconds[i+10] - before; n > perSecond {
				t.Errorf("%d missions in the second from tenth %d on", n, i)
			}
		}
		got := c.told(t)
		if n := seconds[len(seconds)-1]; n < 9*perSecond {
			t.Errorf("%d missions in 10 s: the bound is not used", n)
		}
		// 399 change each second, of which 50 are told.
		if got.more < 9*300 || got.more > 11*400 || got.resets != 0 {
			t.Errorf("%d more, %d resets", got.more, got.resets)
		}
		if n := strings.Count(c.got(), "event: more"); n < 9 || n > 11 {
			t.Errorf("%d times more in 10 s", n)
		}
		if n := all.told(t).missions; n < 19_000 {
			t.Errorf("the other stream has %d", n)
		}
		// What waited is told when it is quiet again, in its newest version.
		time.Sleep(3 * time.Second)
		if id := c.lastID(); id != "20000" {
			t.Errorf("the last id is %s", id)
		}
	})
}

func TestMoreCountsEachMissionOnceAndNotThoseThatAreTold(t *testing.T) {
	d, now := newDigest(2, nil), time.Now()
	offer := func(missions ...int) {
		for _, n := range missions {
			data := []byte(`{"mission_id":"` + id(n) + `"}`)
			d.offer(framed("1", id(n), data), mark{}, now)
		}
	}
	wants := func(what string, parts ...string) {
		t.Helper()
		out, _, ok := d.take("7", now)
		rest := string(out)
		for _, p := range parts {
			_, after, found := strings.Cut(rest, p)
			if !found {
				t.Errorf("%s: lacks %q in %q", what, p, out)
			}
			rest = after
		}
		if !ok || len(parts) != strings.Count(string(out), "data: ") {
			t.Errorf("%s: %v %q", what, ok, out)
		}
	}
	offer(0, 1)
	wants("at once", id(0), id(1))
	offer(2, 3, 4, 5, 4, 5, 6, 3, 2, 6)
	wants("the first count", `{"missions":3}`)
	now = now.Add(time.Second / 2)
	offer(4, 5, 4, 5)
	wants("nothing before a second is over")
	now = now.Add(time.Second / 2)
	wants("the next second", `{"missions":2}`, id(2), id(3))
	offer(4, 5, 6)
	now = now.Add(time.Second / 2)
	wants("nothing yet")
	now = now.Add(time.Second / 2)
	wants("6 found no room", `{"missions":1}`, id(4), id(5))
	offer(4, 5, 6)
	now = now.Add(time.Second / 4)
	d.some(nil, now.Add(time.Second)) // 4 and 5 go
	offer(6)                          // and 6 has room after all
	now = now.Add(2 * time.Second)
	wants("nothing is left out", id(6))
}

// TestTheIDStaysBeforeWhatIsNotCountedYet: also where all that waited before that was told meanwhile.
func TestTheIDStaysBeforeWhatIsNotCountedYet(t *testing.T) {
	d, began := newDigest(1, map[string]bool{id(9): true}), time.Now()
	offer := func(n int, since int64, at time.Duration) {
		d.offer(framed("1", id(n), []byte(`{}`)), mark{since, fmt.Sprint("before ", since)}, began.Add(at))
	}
	place := func(at time.Duration, want string) {
		t.Helper()
		if _, id, ok := d.take("all", began.Add(at)); id != want || !ok {
			t.Errorf("at %s the id is %q, %v; want %q", at, id, ok, want)
		}
	}
	offer(0, 0, 0)
	place(0, "all")
	offer(1, 1, 400*time.Millisecond) // waits
	offer(2, 2, 500*time.Millisecond) // is left out, and counted at once
	place(500*time.Millisecond, "before 1")
	offer(3, 3, 600*time.Millisecond) // is left out
	place(time.Second, "before 3")    // 1 was told
	offer(4, 4, 1100*time.Millisecond)
	offer(9, 5, 1100*time.Millisecond)
	place(1100*time.Millisecond, "before 3")
	place(1500*time.Millisecond, "before 4") // 3 was counted
	place(2*time.Second, "all")
}

func TestOnlySoManyMissionsAreToldApart(t *testing.T) {
	d := newDigest(1, nil)
	now := time.Now()
	for range 2 {
		for n := range distinct + 11 {
			d.offer(frame{missionID: id(n)}, mark{}, now)
		}
	}
	// One waits; those past the distinct ones count each time.
	if want := distinct + 2*10; d.left() != want || len(d.missed) != distinct {
		t.Errorf("%d left out, %d told apart", d.left(), len(d.missed))
	}
}

func TestABoundedStreamResumesWhereItsIDSays(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{PerSecond: 3})
		w.storm(0, 2, 1)
		c.wants(t, "id: 3\n\n")
		w.storm(3, 3, 1)
		synctest.Wait()
		w.storm(0, 0, 2)
		w.storm(3, 3, 2) // waits, in a picture that is newer than its place
		w.commit(8, 1)
		w.commit(9, 1) // finds no room
		synctest.Wait()
		if at := c.lastID(); at != "3" {
			t.Fatalf("the id is %s while 3, 0 and 8 wait and 9 was not counted", at)
		}
		again := w.attach(Request{PerSecond: 100, LastEventID: c.lastID()})
		again.wants(t, id(0), id(3), id(8), id(9), "id: 8\n\n")
		if got := again.told(t); got.missions != 4 || got.more != 0 {
			t.Errorf("resumed with %+v", got)
		}
		w.commit(10, 1)
		again.wants(t, id(10), "id: 9\n\n")
	})
}

func TestResumingAfterALongBreakIsASummary(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		for v := range int64(3) {
			w.storm(0, 1999, v+1)
		}
		synctest.Wait()
		c := w.attach(Request{PerSecond: 20, LastEventID: "0", Watch: []string{id(5)}})
		got := c.told(t)
		if got.missions != 21 || got.more != 1979 || got.versions[id(5)] != 3 || got.resets != 0 {
			t.Errorf("got %d missions, %d more, %d resets", got.missions, got.more, got.resets)
		}
		c.wants(t, "event: more", id(5), id(1980), id(1999), "id: 6000\n\n")
		// They count as told in this second.
		w.storm(0, 5, 4)
		if got := c.told(t); got.missions != 22 {
			t.Errorf("then %d missions", got.missions)
		}
		time.Sleep(2 * time.Second)
		c.wants(t, "id: 6000\n\n", id(0), id(4), "id: 6006\n\n")
		narrowed := w.attach(Request{PerSecond: 20, LastEventID: "0", MissionID: id(5)})
		if got := narrowed.told(t); got.missions != 1 || got.more != 0 {
			t.Errorf("a stream of one mission resumed with %d missions, %d more", got.missions, got.more)
		}
	})
}

func TestResumingAfterTooLongABreakIsAReset(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		for v := range int64(11) {
			w.storm(0, 999, v+1)
		}
		synctest.Wait()
		c := w.attach(Request{PerSecond: 20, LastEventID: "0"})
		c.wants(t, "event: reset\nid: 11000\ndata: {\"reason\":\"trimmed\"}\n\n")
		w.commit(0, 12)
		c.wants(t, "event: reset", id(0))
		if got := c.told(t); got.missions != 1 || got.more != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestABoundedSummaryWaitsForTheStore(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		w.storm(0, 3, 1)
		w.store.noLoad.Store(true)
		c := w.attach(Request{PerSecond: 20, LastEventID: "0"})
		time.Sleep(time.Minute)
		c.lacks(t, "event: mission")
		w.store.noLoad.Store(false)
		time.Sleep(5 * time.Second)
		c.wants(t, id(0), id(3), "id: 4\n\n")
	})
}

func TestABoundedClientThatReadsSlowlyIsReset(t *testing.T) {
	inWorld(t, Config{WriteTimeout: time.Hour}, func(w *world) {
		slow := w.attach(Request{PerSecond: 2, Watch: []string{id(0)}})
		again := make(chan struct{})
		slow.set(func() { slow.blocked = again })
		for n := range 10 {
			w.commit(n, 1)
			synctest.Wait()
		}
		time.Sleep(tooLong + time.Second)
		slow.set(func() { slow.blocked = nil })
		close(again)
		slow.wants(t, "event: reset\nid: 10\ndata: {\"reason\":\"slow\"}\n\n")
		slow.lacks(t, "event: more")
		w.commit(11, 1)
		slow.wants(t, "event: reset", id(11))
		if n := w.counts.resets.Load(); n != 1 {
			t.Errorf("%d resets", n)
		}
	})
}

func TestAQuietBoundedClientMovesOn(t *testing.T) {
	inWorld(t, Config{}, func(w *world) {
		c := w.attach(Request{PerSecond: 2, MissionID: id(1)})
		w.storm(2, 4, 1)
		time.Sleep(11 * time.Second)
		c.wants(t, ": alive\nid: 3\n\n")
		c.lacks(t, "event: m")
	})
}

// reports is what handlers reported.
type reports map[string]store.Log

func (r reports) Log(_ context.Context, id string, after int64) (store.Log, error) {
	log, known := r[id]
	if !known {
		return store.Log{}, store.ErrNotFound
	}
	if after >= log.Last {
		log.Lines = nil
	}
	return log, nil
}

func TestTelemetryOfEachMissionThatIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		said := func(text string) store.Log {
			return store.Log{Last: 1, Lines: []contracts.NumberedLine{{Number: 1, LogLine: contracts.LogLine{Text: text}}}}
		}
		s := memstore.New(memstore.Config{})
		hub := New(Config{}, Deps{
			Log: s, Loader: s, Reports: reports{id(1): said("one"), id(3): said("three"), id(4): said("four")},
			Observer: &counts{}, Logger: zap.NewNop(),
		})
		if err := hub.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c := &connection{}
		stream, err := hub.Attach(Request{Watch: []string{id(1), id(2), id(3), id(1)}}) // of the second one nobody knows
		if err != nil {
			t.Fatal(err)
		}
		go stream.Run(c)
		time.Sleep(5 * time.Second)
		c.wants(t, "one", "three")
		c.lacks(t, "four")
		if n := strings.Count(c.got(), "event: telemetry"); n != 2 {
			t.Errorf("%d events of what was reported once by two", n)
		}
		if err := hub.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

func TestTopicsHaveTheirOwnPaceAndListeners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := map[string]*atomic.Int64{"a": {}, "b": {}, "never": {}}
		topic := func(name string, every time.Duration) Topic {
			return Topic{Name: name, Every: every, Look: func(context.Context) (Picture, error) {
				return Picture{JSON: fmt.Appendf(nil, `{"%s":%d}`, name, looks[name].Add(1))}, nil
			}}
		}
		s := memstore.New(memstore.Config{})
		a, b, never := topic("a", 0), topic("b", 10*time.Second), topic("never", 0)
		hub := New(Config{}, Deps{Log: s, Loader: s, Topics: []Topic{a, b, never}, Observer: &counts{}, Logger: zap.NewNop()})
		if err := hub.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		ab, onlyA := &connection{}, &connection{}
		for c, names := range map[*connection][]string{ab: {"a", "b", "a"}, onlyA: {"a"}} {
			stream, err := hub.Attach(Request{Topics: names})
			if err != nil {
				t.Fatal(err)
			}
			go stream.Run(c)
		}
		time.Sleep(30*time.Second + time.Millisecond)
		synctest.Wait()
		if a, b, c := looks["a"].Load(), looks["b"].Load(), looks["never"].Load(); a < 30 || a > 32 || b < 3 || b > 5 || c != 0 {
			t.Errorf("%d, %d and %d looks in 30 s", a, b, c)
		}
		ab.wants(t, `{"a":1}`, `{"a":30}`)
		ab.wants(t, `{"b":1}`, `{"b":3}`)
		onlyA.wants(t, `{"a":30}`)
		onlyA.lacks(t, "event: b")
		if _, err := hub.Attach(Request{Topics: []string{"a", "c"}}); err == nil || errors.Is(err, ErrStopped) {
			t.Errorf("a topic that is not there: %v", err)
		}
		if err := hub.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkPublish hands batches of 20 changes, of 2,000 missions in turn, to 100 clients at 2,000 changes a second of the clients' time, and has them take what is due.
// It is CPU time, without sockets: a connection costs besides what it is sent.
func BenchmarkPublish(b *testing.B) {
	for name, perSecond := range map[string]int{"all": 0, "per_second=50": 50} {
		b.Run(name, func(b *testing.B) {
			h := New(Config{}, Deps{Observer: &counts{}, Logger: zap.NewNop()})
			streams := make([]*Stream, 100)
			for i := range streams {
				s, err := h.Attach(Request{PerSecond: perSecond})
				if err != nil {
					b.Fatal(err)
				}
				streams[i] = s
			}
			frames := make([]frame, 2000)
			for n := range frames {
				data := []byte(`{"mission_id":"` + id(n) + `","name":"` + strings.Repeat("x", 500) + `"}`)
				frames[n] = framed("1-1", id(n), data)
			}
			const batch = 20
			now, sent := time.Now(), 0
			for i := 0; b.Loop(); i++ {
				now = now.Add(time.Second / (2000 / batch))
				part := frames[i*batch%len(frames):][:batch]
				for _, s := range streams {
					s.offer(part, "1-1", now)
					select {
					case <-s.wake:
					default:
						if at, waits := s.queue.due(); !waits || at.After(now) {
							continue
						}
					}
					out, _, ok := s.queue.take("1-1", now)
					if !ok {
						b.Fatal("reset")
					}
					n, _ := io.Discard.Write(out)
					sent += n
				}
			}
			b.ReportMetric(float64(sent)/float64(b.N)/batch*2000/100, "B/s/client")
		})
	}
}
