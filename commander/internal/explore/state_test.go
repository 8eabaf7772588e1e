package explore

import (
	"slices"
	"unsafe"
)

// The sizes of a world. Numbers of missions, soldiers and commanders count from 0; those of sessions, executions and inboxes
// from 1, as 0 is none.
const (
	maxMissions = 2
	numSoldiers = 2
	numAll      = 2 // commanders, of which a world uses one or both
	maxSessions = 6
	maxAttempts = 3
	maxMessages = 6
	maxAnswers  = 5
	maxKept     = 2
	maxCopies   = 2 // of an order, of those alike
	inboxGone   = 9
)

// The states of a mission, in the order of contracts.Statuses.
const (
	unknown = iota
	scheduled
	queued
	inProgress
	completed
	failed
	cancelled
)

// record is a mission in the store, as far as rules read it.
type record struct {
	Status, Attempt, MaxAttempts, Run, Losses, Cancel uint8
	Exec, Sess, Recorded                              uint8
	Due                                               uint8 // the due entry's number
	Results                                           uint8 // what no rule reads: a bit for each attempt that has a result
}

// The states of a session.
const (
	live = 1
	dead = 2
)

// lease is a session of the store. Renewed is another number after each renewal; Seq is the highest.
type lease struct{ State, Owner, Age, Renewed, Inbox, Seq uint8 }

// redis is all that the store has.
type redis struct {
	Missions   [maxMissions]record
	Sessions   [maxSessions + 1]lease
	Dispatches uint8 // the last number that a due entry got
}

// ref is a contracts.ExecutionRef; Mission counts from 1.
type ref struct{ Mission, Run, Exec uint8 }

// renewal is what a renewal says. Aged is since when it was sent, Stale that something has asked for another one since.
type renewal struct {
	Sess, Seq, Inbox, Claim uint8
	Running                 ref
	Kept                    [maxKept]ref
	Aged, Stale             uint8
}

// reply answers it. Unlisted is the first grant that the renewal did not name; one at a time will do.
type reply struct {
	Lease, Dead, Stop, Superseded uint8
	Recorded                      [maxKept]uint8
	Unlisted                      ref
	Attempt                       uint8
}

// The ways of a renewal that is not answered at once.
const (
	callSent     = 1 // it hangs on its way to a commander
	callAnswered = 2 // the reply is on its way
	callOrphaned = 3 // the soldier does not wait for it any more
)

// call is a renewal that hangs.
type call struct {
	Phase   uint8
	Renewal renewal
	Reply   reply
}

// post is a renewal over the broker: Asked while its soldier waits for the answer, Answered while that is in the inbox.
type post struct {
	Asked, Answered uint8
	Renewal         renewal
	Reply           reply
}

// The kinds of messages.
const (
	claim = 1 + iota
	final
	renew
)

// The ends of an execution.
const (
	endCompleted = 1 + iota
	endFailed
	endReleased
)

// message is on status_queue. Marks has a bit for each commander whose marker is behind it. Clean is a final's whose soldier
// was not interrupted when the broker took it.
type message struct {
	Kind, By, Sess, Inbox, Mission, Attempt, Run, Exec, End, Redelivered, Marks, Clean uint8
}

// The kinds of answers.
const (
	granted = 1 + iota
	refused
	sessionDead
	recorded
	stop
)

// answer is on its way to a soldier's inbox. Buffered is one that a soldier without connection has got already.
type answer struct{ Kind, To, Mission, Attempt, Run, Exec, Sess, Cancel, Buffered uint8 }

// The states of a soldier's work.
const (
	idle = iota
	waiting
	claiming
	ready // granted, not started
	running
	reporting
)

// work is an order and what comes of it. Held is its delivery's.
type work struct{ State, Mission, Attempt, Redelivered, Held, Exec, Run, Cancelled uint8 }

// kept is a final that is not recorded yet; Mission counts from 1.
type kept struct{ Mission, Attempt, Run, Exec, End, Confirmed uint8 }

// soldier is one process. Age is since when its last answered renewal was sent. Wanted holds claims back until a renewal
// that is sent from now on is answered; Must has it renew at once.
type soldier struct {
	Alive, Paused, Connected, Cut, Interrupted, Draining uint8
	Sess, Age, Wanted, Must, Seq                         uint8
	Work                                                 work
	Kept                                                 [maxKept]kept
}

// The ways of an order.
const (
	toPublish = 1
	toConfirm = 2
)

// dispatch is an order under way; Mission counts from 1.
type dispatch struct{ Mission, Attempt, Number, Phase uint8 }

// note is a session as a commander read it. Broken: something was away since.
type note struct{ Sess, Renewed, Age, Broken uint8 }

// commander is one process.
type commander struct {
	Up, Linked, Age  uint8 // Linked: it has Redis; Age is for how long all was there
	Order            dispatch
	Suspect, Burying note
}

// state is all there is. It has no pointers and no gaps, so that equal states have equal bytes.
type state struct {
	Now, Was   redis // Was: before the last write, in worlds whose Redis may lose that
	Orders     [maxMissions][maxAttempts + 1][2]uint8
	Queue      [maxMessages]message
	Answers    [maxAnswers]answer
	Calls      [numSoldiers]call
	Posts      [numSoldiers]post
	Soldiers   [numSoldiers]soldier
	Commanders [numAll]commander

	Faults, Cancels, Retries, Drains uint8 // used up

	TailLost uint8
	TopRun   [maxMissions]uint8
	Broken   uint8 // the promise that is broken
}

func (s *state) bytes() []byte { return unsafe.Slice((*byte)(unsafe.Pointer(s)), unsafe.Sizeof(*s)) }

func (m *record) terminal() bool { return m.Status >= completed }

func bytesOf[T any](v *T) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v)) }

// sortBag orders a bag, with its empty places last.
func sortBag[T any](bag []T) {
	for i := 1; i < len(bag); i++ {
		for j := i; j > 0 && slices.Compare(bytesOf(&bag[j]), bytesOf(&bag[j-1])) > 0; j-- {
			bag[j], bag[j-1] = bag[j-1], bag[j]
		}
	}
}

// publish puts a message on status_queue. Without room the publish waits: false.
func (s *state) publish(m message) bool {
	for i := range s.Queue {
		if s.Queue[i].Kind == 0 {
			s.Queue[i] = m
			return true
		}
	}
	return false
}

// send puts an answer into an inbox. Where that is gone, or full, the answer is lost. Two alike do no more than one.
func (s *state) send(inbox uint8, a answer) {
	if inbox == 0 || inbox == inboxGone || a.Kind == 0 {
		return
	}
	a.To = inbox - 1
	free := -1
	for i, b := range s.Answers {
		if b == a {
			return
		}
		if b.Kind == 0 && free < 0 {
			free = i
		}
	}
	if free >= 0 {
		s.Answers[free] = a
	}
}

// knows tells whether a soldier has to do with an execution.
func (o *soldier) knows(exec uint8) bool {
	return o.Work.Exec == exec || o.keeps(exec) != nil
}

func (o *soldier) keeps(exec uint8) *kept {
	for i := range o.Kept {
		if k := &o.Kept[i]; k.Mission != 0 && k.Exec == exec {
			return k
		}
	}
	return nil
}

// referred calls f with each execution that somebody could still speak of, but for what the store recorded last.
func (s *state) referred(f func(exec uint8)) {
	for _, r := range []*redis{&s.Now, &s.Was} {
		for i := range r.Missions {
			f(r.Missions[i].Exec)
		}
	}
	for i := range s.Queue {
		f(s.Queue[i].Exec)
	}
	for i := range s.Answers {
		f(s.Answers[i].Exec)
	}
	for i := range s.Soldiers {
		o := &s.Soldiers[i]
		f(o.Work.Exec)
		for _, k := range o.Kept {
			f(k.Exec)
		}
		for _, r := range []*renewal{&s.Calls[i].Renewal, &s.Posts[i].Renewal} {
			f(r.Claim)
			f(r.Running.Exec)
			for _, k := range r.Kept {
				f(k.Exec)
			}
		}
		for _, r := range []*reply{&s.Calls[i].Reply, &s.Posts[i].Reply} {
			f(r.Stop)
			f(r.Unlisted.Exec)
			for _, e := range r.Recorded {
				f(e)
			}
		}
	}
}

// freshExec returns an execution that nobody can speak of. Such ids are random, so one that is forgotten may come again.
func (s *state) freshExec() uint8 {
	var used [256]bool
	s.referred(func(e uint8) { used[e] = true })
	for _, r := range []*redis{&s.Now, &s.Was} {
		for i := range r.Missions {
			used[r.Missions[i].Recorded] = true
		}
	}
	for e := uint8(1); ; e++ {
		if !used[e] {
			return e
		}
	}
}

// speaks tells whether anybody but the store refers to a session.
func (s *state) speaks(sess uint8) bool {
	for i := range s.Soldiers {
		if s.Soldiers[i].Sess == sess || s.Calls[i].Renewal.Sess == sess || s.Posts[i].Renewal.Sess == sess {
			return true
		}
	}
	for i := range s.Queue {
		if s.Queue[i].Kind != 0 && s.Queue[i].Sess == sess {
			return true
		}
	}
	for i := range s.Answers {
		if s.Answers[i].Kind != 0 && s.Answers[i].Sess == sess {
			return true
		}
	}
	for i := range s.Commanders {
		if s.Commanders[i].Suspect.Sess == sess || s.Commanders[i].Burying.Sess == sess {
			return true
		}
	}
	return false
}

// freshSession returns a session id that nobody uses; 0 where there is none left.
func (s *state) freshSession() uint8 {
	for x := uint8(1); x <= maxSessions; x++ {
		if s.Now.Sessions[x] == (lease{}) && s.Was.Sessions[x] == (lease{}) && !s.speaks(x) {
			return x
		}
	}
	return 0
}

// normal gives equal states equal bytes: it sorts bags, forgets what makes no difference any more, and numbers anew what only
// counts by being equal or in order.
func (s *state) normal(tail bool) {
	for i := range s.Answers {
		a := &s.Answers[i]
		if a.Kind != 0 && !s.Soldiers[a.To].knows(a.Exec) {
			*a = answer{}
		}
	}
	for i := range s.Soldiers {
		o := &s.Soldiers[i]
		if o.Kept[0].Mission == 0 || o.Kept[1].Mission != 0 && slices.Compare(bytesOf(&o.Kept[1]), bytesOf(&o.Kept[0])) > 0 {
			o.Kept[0], o.Kept[1] = o.Kept[1], o.Kept[0]
		}
		s.normalSeqs(uint8(i))
	}
	var used [256]bool
	s.referred(func(e uint8) { used[e] = true })
	for i := range maxMissions {
		for _, r := range []*redis{&s.Now, &s.Was} {
			if m := &r.Missions[i]; !used[m.Recorded] {
				m.Recorded = 0
			}
		}
	}
	for x := range s.Now.Sessions {
		now, was := &s.Now.Sessions[x], &s.Was.Sessions[x]
		if now.State != live && was.State != live && !s.speaks(uint8(x)) && x > 0 {
			*now, *was = lease{}, lease{}
		}
	}
	s.normalNotes()
	s.normalDispatches(tail)
	sortBag(s.Queue[:])
	sortBag(s.Answers[:])
}

// normalNotes: a note only counts by being of the session's last renewal or not.
func (s *state) normalNotes() {
	for i := range s.Commanders {
		for _, n := range []*note{&s.Commanders[i].Suspect, &s.Commanders[i].Burying} {
			if n.Sess == 0 {
				continue
			}
			if s.Now.Sessions[n.Sess].Renewed == n.Renewed {
				n.Renewed = 1
			} else {
				n.Renewed = 0
			}
		}
	}
	for x := range s.Now.Sessions {
		s.Now.Sessions[x].Renewed, s.Was.Sessions[x].Renewed = min(s.Now.Sessions[x].Renewed, 1), min(s.Was.Sessions[x].Renewed, 1)
	}
}

// normalSeqs numbers a soldier's renewals anew.
func (s *state) normalSeqs(i uint8) {
	all := []*uint8{&s.Soldiers[i].Seq, &s.Calls[i].Renewal.Seq, &s.Posts[i].Renewal.Seq}
	for x := range s.Now.Sessions {
		for _, r := range []*redis{&s.Now, &s.Was} {
			if l := &r.Sessions[x]; l.State != 0 && l.Owner == i {
				all = append(all, &l.Seq)
			}
		}
	}
	renumber(all, 1)
}

// normalDispatches numbers due entries anew. What is under way counts by being the entry's own or not; and, where the count
// itself can go back with Redis' tail, by being one that is given out again.
func (s *state) normalDispatches(tail bool) {
	all := []*uint8{}
	for i := range maxMissions {
		all = append(all, &s.Now.Missions[i].Due, &s.Was.Missions[i].Due)
	}
	if tail {
		all = append(all, &s.Now.Dispatches, &s.Was.Dispatches)
	}
	for i := range s.Commanders {
		d := &s.Commanders[i].Order
		own := d.Mission != 0 && (s.Now.Missions[d.Mission-1].Due == d.Number || tail)
		if !own {
			d.Number = 0
		}
		all = append(all, &d.Number)
	}
	renumber(all, 2)
	if !tail {
		s.Now.Dispatches = 0
		for _, n := range all {
			s.Now.Dispatches = max(s.Now.Dispatches, *n)
		}
	}
}

// renumber gives numbers above 0 the lowest ones that are in the same order, and as far apart up to gap.
func renumber(all []*uint8, gap uint8) {
	var values []uint8
	for _, n := range all {
		if *n != 0 && !slices.Contains(values, *n) {
			values = append(values, *n)
		}
	}
	slices.Sort(values)
	var to [256]uint8
	var last, next uint8
	for _, v := range values {
		next += max(1, min(v-last, gap))
		to[v], last = next, v
	}
	for _, n := range all {
		*n = to[*n]
	}
}
