package events

import (
	"errors"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/store"
)

// Request says what a client wants.
type Request struct {
	// MissionID narrows the mission events to one mission, which is watched; empty means all.
	MissionID string
	// Watch are missions whose handlers' reports are told, too, and whose changes are told at once, whatever PerSecond says.
	Watch []string
	// PerSecond bounds how many changes of other missions are told in a second; see the package comment. 0 tells all.
	PerSecond int
	// LastEventID is the id of the last event that the client saw; empty begins with what happens from now on.
	LastEventID string
	// Topics are the names of the topics that the client wants; see Hub.Topics.
	Topics []string
	// SetWriteDeadline of the client's connection; nil where there is none. It may be called at any time until Run returns.
	SetWriteDeadline func(time.Time) error
}

// watches are the missions whose handlers' reports are told.
func (r Request) watches() []string {
	if r.MissionID == "" {
		return r.Watch
	}
	return append([]string{r.MissionID}, r.Watch...)
}

// Writer is a client's connection. An error of either ends the stream.
type Writer interface {
	Write(p []byte) (int, error)
	Flush() error
}

// Stream is one client.
type Stream struct {
	hub    *Hub
	req    Request
	topics []*topic
	// watched are the missions that Request names.
	watched map[string]bool

	wake chan struct{}

	mu    sync.Mutex
	queue queue
	// digest is the queue of a bounded stream, nil in others.
	digest *digest
	// batches were offered so far.
	batches int64
	// lost is why the queue was dropped, empty if it was not.
	lost ResetReason
	// position is the id up to which the queue, and all that was taken from it, is complete.
	position string
	// located: position is known, the stream has begun. beginning is the first position.
	located   bool
	beginning string
}

// Attach adds a client: from now on its queue fills. The caller must call Run. It fails with ErrStopped, or for a topic
// that is not there.
func (h *Hub) Attach(req Request) (*Stream, error) {
	topics, err := h.choose(req.Topics)
	if err != nil {
		return nil, err
	}
	s := &Stream{hub: h, req: req, topics: topics, watched: map[string]bool{}, wake: make(chan struct{}, 1)}
	for _, id := range req.watches() {
		s.watched[id] = true
	}
	if req.PerSecond > 0 {
		s.digest = newDigest(req.PerSecond, s.watched)
		s.queue = s.digest
	} else {
		s.queue = &line{room: h.cfg.QueueLength}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped() {
		return nil, ErrStopped
	}
	s.position, s.beginning, s.located = h.position, h.position, h.located
	for _, t := range topics {
		t.want()
	}
	h.clients[s] = struct{}{}
	h.streams.Add(1)
	h.observer.StreamOpened()
	return s, nil
}

func (h *Hub) detach(s *Stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, s)
	for _, t := range s.topics {
		t.wanted--
	}
	h.observer.StreamClosed()
	h.streams.Done()
}

func (s *Stream) wants(missionID string) bool {
	return s.req.MissionID == "" || s.req.MissionID == missionID
}

// offer adds frames to the queue. Where they don't fit, the queue is dropped, and the client will be told.
func (s *Stream) offer(frames []frame, position string, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	since := mark{s.batches, s.position}
	s.batches++
	s.position = position
	if s.lost != "" {
		return
	}
	planned, waited := s.queue.due()
	for _, f := range frames {
		if s.wants(f.missionID) && !s.queue.offer(f, since, now) {
			s.lose(ResetSlow)
			s.nudge()
			return
		}
	}
	// Whoever waits for a time that stays as it was is not woken.
	if at, waits := s.queue.due(); waits && (!waited || at.Before(planned) || !at.After(now)) {
		s.nudge()
	}
}

// drop makes the client list again. A stream that resumes from an id of its own and has not begun just begins: the log
// will tell whether anything is missing.
func (s *Stream) drop(position string, why ResetReason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	resumes := !s.located && s.req.LastEventID != ""
	if !s.located {
		s.located, s.beginning = true, position
	}
	s.position = position
	if !resumes {
		s.lose(why)
	}
	s.nudge()
}

// lose drops the queue. The caller holds the lock.
func (s *Stream) lose(why ResetReason) {
	s.queue.clear()
	s.lost = why
	s.hub.observer.StreamReset(string(why))
}

func (s *Stream) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// hurry bounds a write that is under way when the hub stops.
func (s *Stream) hurry() {
	if s.req.SetWriteDeadline != nil {
		_ = s.req.SetWriteDeadline(time.Now().Add(time.Second))
	}
}

// take returns what may be written of the queue, and the id that the client then has; empty where it got none.
func (s *Stream) take() (out []byte, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lost == "" {
		var ok bool
		if out, id, ok = s.queue.take(s.position, time.Now()); ok {
			return out, id
		}
		s.lose(ResetSlow)
	}
	out = resetFrame(s.position, s.lost)
	s.lost = ""
	return out, s.position
}

// begun tells where the stream begins, and whether its queue was dropped.
func (s *Stream) begun() (beginning string, located bool, lost bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beginning, s.located, s.lost != ""
}

// Run serves the client until its connection fails or the hub stops.
func (s *Stream) Run(w Writer) {
	defer s.hub.detach(s)
	r := runner{Stream: s, w: w, seen: make([]int64, len(s.topics)), resume: s.req.LastEventID}
	r.heartbeat = time.NewTimer(s.hub.cfg.Heartbeat)
	defer r.heartbeat.Stop()
	var end func()
	r.teller, end = s.teller()
	defer end()
	beginning, _, _ := s.begun()
	first := "retry: 1000\n"
	if r.resume == "" {
		first += place(beginning)
		r.told = beginning
	}
	for err := r.write([]byte(first + "\n")); err == nil; err = r.step() {
		if s.hub.stopped() {
			return
		}
	}
}

// runner is what only the goroutine of Run touches.
type runner struct {
	*Stream
	w         Writer
	heartbeat *time.Timer
	seen      []int64 // numbers of the topics' pictures
	resume    string  // id up to which the log was read for this client; empty once its queue takes over
	told      string  // the last id that the client got
	failed    bool    // the last read of the log failed
	teller    *teller
}

// step writes what there is, then waits for more.
func (r *runner) step() error {
	var out []byte
	again := false
	if r.resume != "" {
		out, again = r.catchUp()
	} else {
		var id string
		if out, id = r.take(); id != "" {
			r.told = id
		}
	}
	out = append(out, r.hub.news(r.topics, r.seen)...)
	out = append(out, r.teller.tell(r.Stream)...)
	if err := r.write(out); err != nil {
		return err
	}
	if again {
		return nil
	}
	return r.wait()
}

func (r *runner) wait() error {
	var again <-chan time.Time
	if d, waits := r.due(); waits {
		t := time.NewTimer(d)
		defer t.Stop()
		again = t.C
	}
	select {
	case <-r.wake:
	case <-again:
	case <-r.teller.look:
		r.teller.due = true
	case <-r.hub.done:
	case <-r.heartbeat.C:
		return r.write([]byte(r.beat()))
	}
	return nil
}

// due is how long it is until there is something to do though nothing comes.
func (r *runner) due() (d time.Duration, waits bool) {
	if r.resume != "" {
		return quiet, true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at, waits := r.queue.due()
	return time.Until(at), waits
}

// beat is a comment. It moves the client's id on where events of other missions passed by, so that a narrowed stream can
// resume however long it was silent.
func (r *runner) beat() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, waits := r.queue.due(); r.resume == "" && !waits && r.lost == "" && r.position != r.told {
		r.told = r.position
		return ": alive\n" + place(r.position) + "\n"
	}
	return ": alive\n\n"
}

// catchUp reads from the log what the client missed. again asks to be called at once.
func (r *runner) catchUp() (out []byte, again bool) {
	beginning, located, lost := r.begun()
	switch {
	case lost: // too much happened meanwhile: the reset that take writes covers this too
		r.resume = ""
		return nil, true
	case !located:
		return nil, false
	case r.resume == beginning:
		r.resume = ""
		return nil, true
	}
	out, last, done, err := r.missed(beginning)
	switch {
	case errors.Is(err, store.ErrEventsTrimmed):
		r.resume = ""
		r.mu.Lock()
		r.lose(ResetTrimmed)
		r.mu.Unlock()
		return nil, true
	case err != nil:
		if !r.failed {
			r.hub.logger.Info("client waits for the event log", zap.Error(err))
		}
		r.failed = true
		return nil, false
	}
	r.failed, r.resume, r.told = false, last, last
	if done {
		r.resume = ""
	}
	return out, true
}

// missed returns the next part of what the client missed, up to the id last.
func (r *runner) missed(beginning string) (out []byte, last string, done bool, err error) {
	if r.digest == nil {
		frames, last, done, err := r.hub.catchUp(r.Stream, r.resume, beginning)
		for _, f := range frames {
			out = append(out, f.bytes...)
		}
		return out, last, done, err
	}
	frames, others, last, err := r.hub.summary(r.Stream, r.resume, beginning)
	if err != nil {
		return nil, "", false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(r.digest.caughtUp(frames, others, time.Now()), placed(last)...), last, true, nil
}

// write sends and flushes; nothing is nothing.
func (r *runner) write(p []byte) error {
	if len(p) == 0 {
		return nil
	}
	if r.req.SetWriteDeadline != nil {
		if err := r.req.SetWriteDeadline(time.Now().Add(r.hub.cfg.WriteTimeout)); err != nil {
			return err
		}
	}
	// Only after the deadline: Stop closes done first and shortens deadlines then, so one of the two is seen.
	if r.hub.stopped() {
		return nil
	}
	if _, err := r.w.Write(p); err != nil {
		return err
	}
	r.heartbeat.Reset(r.hub.cfg.Heartbeat)
	return r.w.Flush()
}
