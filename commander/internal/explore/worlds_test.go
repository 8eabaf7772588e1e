package explore

import (
	"context"
	"slices"
	"time"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
)

// aWorld returns a world: one mission of one attempt, two soldiers, one commander, and up to n faults of some kinds.
func aWorld(name string, n uint8, kinds faults, change ...func(*config)) config {
	c := config{
		name: name, missions: 1, commanders: 1, maxAttempts: 1, renew: 1, lease: 2, grace: 2, ends: []uint8{endCompleted},
		faults: n, kinds: kinds, rules: theRules(), max: 2_000_000,
	}
	for _, f := range change {
		f(&c)
	}
	return c
}

func big(c *config)        { c.big = true }
func long(c *config)       { c.long = true }
func suspicious(c *config) { c.renew, c.lease, c.suspicion = 2, 4, true }
func attempts(c *config)   { c.maxAttempts, c.ends = 2, []uint8{endCompleted, endFailed} }
func both(c *config)       { c.commanders = 2 }
func cancels(c *config)    { c.cancels = 1 }
func retry(c *config)      { c.retries = 1 }
func drain(c *config)      { c.drains = 1 }
func lost(c *config)       { c.lostOrders = true }
func missions(c *config)   { c.missions = 2 }

// bound has the search cut at fewer states.
func bound(n int) func(*config) { return func(c *config) { c.max = n } }

// breaksAs says which promise a world breaks.
func breaksAs(promise string) func(*config) { return func(c *config) { c.want = promise } }

// working begins with the mission in the hands of soldier 0, and with a second order of it at the broker.
func working(c *config) {
	c.prepare = func(s *state) {
		m := &s.Now.Missions[0]
		m.Status, m.Run, m.Exec, m.Sess, m.Due = inProgress, 1, 1, 1, 0
		s.TopRun[0] = 1
		s.Commanders[0].Order = dispatch{}
		s.Soldiers[0].Work = work{State: running, Attempt: 1, Held: 1, Exec: 1, Run: 1}
		s.Orders[0][1][0] = 1
	}
}

// then goes on with what begins as before does.
func then(before func(*config), do func(s *state)) func(*config) {
	return func(c *config) {
		before(c)
		first := c.prepare
		c.prepare = func(s *state) {
			first(s)
			do(s)
		}
	}
}

// posted is working, and soldier 0 has renewed over the broker, as HTTP had failed. The renewal is under way.
func posted(c *config) {
	then(working, func(s *state) {
		s.Orders[0][1][0] = 0
		o := &s.Soldiers[0]
		o.Seq++
		s.Posts[0] = post{Asked: 1, Renewal: renewal{Sess: 1, Seq: o.Seq, Inbox: 1, Running: ref{1, 1, 1}}}
		s.Queue[0] = message{Kind: renew, Sess: 1}
	})(c)
}

// still is working, and soldier 0 has stood still until its lease was over.
func still(c *config) {
	then(working, func(s *state) {
		s.Orders[0][1][0] = 0
		s.Soldiers[0].Paused, s.Soldiers[0].Interrupted, s.Soldiers[0].Age = 1, 1, c.lease
		s.Now.Sessions[1].Age = c.lease
	})(c)
}

// suspected is working, and soldier 0 has just lost its connection and become suspect; it is well.
func suspected(c *config) {
	then(working, func(s *state) {
		s.Orders[0][1][0] = 0
		o := &s.Soldiers[0]
		o.Connected, o.Work.Held, o.Must = 0, 0, 1
		s.Now.Sessions[1].Inbox = inboxGone
		s.Commanders[0].Suspect = note{Sess: 1, Renewed: 1}
	})(c)
}

// gone is working, but the broker has missed soldier 0, which stands still. Its inbox is gone, and it is suspect.
func gone(c *config) {
	then(working, func(s *state) {
		o := &s.Soldiers[0]
		o.Paused, o.Interrupted, o.Connected, o.Work.Held, o.Age = 1, 1, 0, 0, c.grace
		s.Now.Sessions[1].Inbox, s.Now.Sessions[1].Age = inboxGone, c.grace
		s.Commanders[0].Suspect = note{Sess: 1, Renewed: 1, Age: c.grace}
	})(c)
}

// deafened is gone, but soldier 0 never heard of its grant, and does not stand still: it is cut off from the commanders.
func deafened(c *config) {
	then(gone, func(s *state) {
		o := &s.Soldiers[0]
		o.Paused, o.Cut, o.Must = 0, 1, 1
		o.Work.State, o.Work.Run = claiming, 0
	})(c)
}

// copied is working, and soldier 0 is to stop. Soldier 1 has sent two copies of a claim.
func copied(c *config) {
	then(working, func(s *state) {
		s.Orders[0][1][0] = 0
		s.Soldiers[0].Draining = 1
		s.Soldiers[1].Work = work{State: claiming, Attempt: 1, Held: 1, Exec: 2}
		for i := range 2 {
			s.Queue[i] = message{Kind: claim, By: 1, Sess: 2, Inbox: 2, Attempt: 1, Exec: 2}
		}
	})(c)
}

// smallWorlds are explored by every go test. What they cost: a second for 100,000 steps or more, without the race detector.
func smallWorlds() []config {
	return []config{
		aWorld("calm", 0, 0),
		aWorld("calm, two attempts", 0, 0, attempts),
		aWorld("calm, cancel and retry", 0, 0, cancels, retry, attempts),
		aWorld("calm, drain", 0, 0, drain),
		aWorld("crash", 1, crash),
		aWorld("connection", 1, conn),
		aWorld("pause", 1, pause, big),
		aWorld("soldiers, long", 1, crash|conn, long, big),
		aWorld("cancel", 1, crash|conn, cancels, big),
		aWorld("two attempts", 1, conn, attempts, big),
		aWorld("retry", 1, nack, cancels, retry),
		aWorld("drain", 1, nack|confirm, drain, big),
		aWorld("messages", 1, nack|ans|repeat|slow|deaf|confirm),
		aWorld("servers", 1, com|away|rabbit, big),
		aWorld("one of two commanders", 1, com|link|dup|rival, both),
		aWorld("rivals", 1, dup|rival, both, cancels),
		aWorld("suspicion", 1, crash|conn, suspicious, big),
		aWorld("suspicion of a broker that restarts", 1, rabbit, suspicious, big),
		aWorld("servers when a marker is due", 1, com|away|rabbit, still, bound(60_000), big),
		aWorld("servers when a suspect is due", 1, com|away|rabbit, gone, suspicious, bound(60_000), big),
		aWorld("cut off from a grant", 0, 0, deafened, suspicious, bound(60_000), big),
		aWorld("renewal over the broker", 1, conn, posted, suspicious),
		aWorld("late copy of a claim", 0, 0, copied, big),
		aWorld("tail", 1, tail, lost),
		aWorld("tail, cancel", 1, tail, lost, cancels, big),
		aWorld("tail, two attempts", 1, tail, lost, attempts, big),
	}
}

// largerWorlds take minutes each. A bound of 2,000,000 states cuts most of those with two faults.
func largerWorlds() []config {
	return []config{
		aWorld("crash, connection", 2, crash|conn),
		aWorld("crash, connection, two attempts", 1, crash|conn, attempts),
		aWorld("pause, connection", 2, pause|conn),
		aWorld("cut off", 1, cut),
		aWorld("cut off, connection", 2, cut|conn),
		aWorld("cut off, cancel", 1, pause|cut, cancels),
		aWorld("messages twice", 2, nack|ans|repeat|conn),
		aWorld("renewals twice", 2, slow|deaf|conn),
		aWorld("servers twice", 2, com|away|rabbit),
		aWorld("servers, crash", 2, com|away|rabbit|crash),
		aWorld("commanders twice", 2, com|link|dup|rival, both),
		aWorld("commanders, crash", 2, rival|link|crash, both),
		aWorld("rivals, two attempts, cancel and retry", 1, rival|dup, both, attempts, cancels, retry),
		aWorld("servers when a marker is due, all of it", 1, com|away|rabbit, still),
		aWorld("servers when a suspect is due, all of it", 1, com|away|rabbit, gone, suspicious),
		aWorld("cut off from a grant, all of it", 0, 0, deafened, suspicious),
		aWorld("cut off from a grant, connection", 1, conn, deafened, suspicious),
		aWorld("suspicion, pause", 1, pause, suspicious),
		aWorld("suspicion, servers", 2, conn|away|rabbit, suspicious),
		aWorld("suspicion, renewal over the broker", 2, conn|cut, posted, suspicious),
		aWorld("drain, connection", 1, conn|nack|repeat, drain),
		aWorld("late copy, crash", 1, crash|conn, copied),
		aWorld("late copies", 1, repeat, working, drain),
		aWorld("late copies, crash", 2, repeat|crash|confirm, working, drain),
		aWorld("cancel and retry, connection", 1, conn, cancels, retry, attempts),
		aWorld("two missions", 1, crash, missions),
		aWorld("two missions, connection", 1, conn, missions),
		aWorld("tail, drain", 1, tail, lost, drain),
		aWorld("tail, connection", 2, tail|conn, lost),
	}
}

// decides is a rule for updates.
type decides = func(rec store.Record, it mission.Item, e store.Epoch, keys mission.Keys, now contracts.Time) mission.Decision

// withDecide swaps the rule for updates.
func withDecide(d decides) func(*config) { return func(c *config) { c.rules.decide = d } }

// withFlaw makes a mistake.
func withFlaw(f func(*flaws)) func(*config) { return func(c *config) { f(&c.flaws) } }

// flawedWorlds each have one rule or loop swapped for a wrong one.
func flawedWorlds() []config {
	return []config{
		aWorld("a final counts whatever its run and execution", 1, nack, attempts, breaksAs("S3"), withDecide(unfenced)),
		aWorld("a grant does not ask whether its session lives", 0, 0, deafened, suspicious, breaksAs("S5"), withDecide(sessionless)),
		aWorld("a cancel ends what runs at once", 0, 0, cancels, breaksAs("S6"), func(c *config) { c.rules.cancel = rashCancel }),
		aWorld("a death leaves no due entry", 1, crash, breaksAs("S5"), func(c *config) { c.rules.lose = dueless }),
		aWorld("a due entry of what is SCHEDULED is cleared", 0, 0, attempts, breaksAs("S5"), func(c *config) { c.rules.come = impatient }),
		aWorld("the lease is read off a clock: no hold-off", 1, away, breaksAs("S3"), func(c *config) {
			c.rules.expirable = func(time.Duration) bool { return true }
		}),
		aWorld("a death waits for no marker", 1, crash, breaksAs("S3b"), withFlaw(func(f *flaws) { f.noMarker = true })),
		aWorld("a marker overtakes what another commander holds", 2, overtake|crash, both, big, breaksAs("S3b")),
		aWorld("a suspect is judged whatever was away", 1, away, suspected, suspicious, breaksAs("S3"), func(c *config) {
			c.rules.judge = func(was, now store.Session, err error, waited, _ time.Duration) reap.Verdict {
				return reap.Judge(was, now, err, waited, waited)
			}
		}),
		aWorld("a session is suspect while its inbox is there", 1, rabbit, suspicious, big, breaksAs("S3"), withFlaw(func(f *flaws) { f.ignoreInbox = true })),
		aWorld("a renewal tells of no unlisted grant", 0, 0, copied, breaksAs("L"), func(c *config) { c.rules.extend = unlisting }),
		aWorld("a soldier keeps a grant that it does not know", 0, 0, copied, breaksAs("L"), withFlaw(func(f *flaws) { f.keepUnlisted = true })),
		aWorld("renewals are not numbered", 1, conn, posted, suspicious, breaksAs("S3"), withFlaw(func(f *flaws) { f.unnumbered = true })),
		aWorld("a commit does not ask for the version", 1, rival, both, cancels, breaksAs("S1"), withFlaw(func(f *flaws) { f.blindCommit = true })),
		aWorld("a confirm clears any due entry", 0, 0, attempts, breaksAs("S5"), withFlaw(func(f *flaws) { f.anyConfirm = true })),
		aWorld("a grant while the store is away", 2, away|dup, breaksAs("S5"), withFlaw(func(f *flaws) { f.grantAway = true })),
		aWorld("a grant while the store is away, orders that are lost come again", 2, away|confirm, lost, breaksAs("S2"),
			withFlaw(func(f *flaws) { f.grantAway = true })),
		aWorld("a reply without lease counts as a renewal", 1, link, both, breaksAs("S3"), withFlaw(func(f *flaws) { f.anyReply = true })),
		aWorld("an order is acked when it is claimed", 1, crash, breaksAs("S5"), withFlaw(func(f *flaws) { f.ackAtClaim = true })),
		aWorld("a claim is said once", 1, ans, breaksAs("L"), withFlaw(func(f *flaws) { f.noRepeat = true })),
		aWorld("lost orders stay lost", 1, tail, breaksAs("S5")),
		// No promise hangs on this one: the lease stands behind a mission from its grant on.
		aWorld("an order is acked before its final is confirmed", 1, crash|conn, big, withFlaw(func(f *flaws) { f.ackAtReport = true })),
	}
}

// unfenced takes every final for the current execution's.
func unfenced(rec store.Record, it mission.Item, e store.Epoch, keys mission.Keys, now contracts.Time) mission.Decision {
	if it.Update.Ticket != nil {
		t := *it.Update.Ticket
		t.Run, t.Execution = rec.Mission.Run, rec.Execution
		t = t.Sign(keys.Ticket)
		it.Update.Ticket = &t
	}
	return mission.Decide(rec, it, e, keys, now)
}

func sessionless(rec store.Record, it mission.Item, e store.Epoch, keys mission.Keys, now contracts.Time) mission.Decision {
	d := mission.Decide(rec, it, e, keys, now)
	if d.Change != nil {
		d.Change.IfSession = ""
	}
	return d
}

func rashCancel(rec store.Record, now contracts.Time) (mission.Decision, error) {
	rec.Mission.CancelRequested = false
	d, err := mission.Cancel(rec, now)
	if err == nil && rec.Execution != "" {
		m := &d.Change.Record
		m.Mission.Status, m.Mission.CancelRequested, m.Execution, m.Session = contracts.StatusCancelled, false, "", ""
	}
	return d, err
}

func dueless(rec store.Record, now contracts.Time) mission.Decision {
	d := mission.Lose(rec, now)
	d.Change.Due = store.DueDrop
	return d
}

func impatient(rec store.Record, now contracts.Time) (mission.DueAction, mission.Decision) {
	if rec.Mission.Status == contracts.StatusScheduled {
		return mission.DueClear, mission.Decision{}
	}
	return mission.Come(rec, now)
}

func unlisting(ctx context.Context, s session.Store, r contracts.Renewal) (contracts.RenewalReply, error) {
	reply, err := theRules().extend(ctx, s, r)
	reply.Unlisted = nil
	return reply, err
}

// chosen returns the worlds that are wanted, by the beginning of their names.
func chosen(all []config, prefix string) []config {
	return slices.DeleteFunc(all, func(c config) bool { return len(c.name) < len(prefix) || c.name[:len(prefix)] != prefix })
}
