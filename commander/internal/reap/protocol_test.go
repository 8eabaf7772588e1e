package reap_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/zap"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/commander/internal/mission"
	"github.com/mission-control-dev/mission-control/commander/internal/mission/missiontest"
	"github.com/mission-control-dev/mission-control/commander/internal/reap"
	"github.com/mission-control-dev/mission-control/commander/internal/session"
	"github.com/mission-control-dev/mission-control/commander/internal/uptime"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/store"
	"github.com/mission-control-dev/mission-control/store/memstore"
	"github.com/mission-control-dev/mission-control/tokenauth"
	"github.com/mission-control-dev/mission-control/tokenauth/tokenauthtest"
)

var ticketKey = []byte("0123456789abcdef0123456789abcdef") //nolint:gochecknoglobals // a constant

// world is the whole protocol in fake time, one step after the other: two commanders (the rules, the sessions and the
// reaper, as they are), one store, a broker that is some bags of messages, and simulated soldiers that follow
// docs/messaging.md. Messages overtake each other, come twice, and are lost where AMQP lets them be; everybody crashes,
// stands still and is cut off between any two steps.
type world struct {
	t      *rapid.T
	ctx    context.Context
	issuer *tokenauth.Issuer
	truth  *missiontest.Store
	calm   bool // nothing goes wrong any more

	brokerUp, storeUp bool

	commanders []*commander
	soldiers   []*soldier
	made       int

	ids     []string
	orders  []copied
	status  []message
	inboxes map[string]*soldier // those that exist
	answers []letter

	// promised are the executions of finals that were current when the broker took them from a soldier that was not
	// interrupted, recorded those whose final the store took.
	promised, recorded map[string]bool
	runs               map[string]int64
}

// copied is an order at the broker.
type copied struct {
	mission     contracts.Mission
	redelivered bool
}

// message is on status_queue: updates, or a renewal.
type message struct {
	by      mission.Speaker
	inbox   string
	updates []contracts.Update
	renewal *contracts.Renewal
	expires time.Time // of a renewal
}

// letter is an answer on its way to an inbox.
type letter struct {
	inbox  string
	answer contracts.Answer
}

// commander is one process.
type commander struct {
	w          *world
	up, paused bool
	missions   *mission.Service
	sessions   *session.Service
	uptime     *uptime.Tracker
	reaper     *reap.Stepper
}

func newWorld(t *rapid.T, issuer *tokenauth.Issuer) *world {
	w := &world{
		t: t, ctx: context.Background(), issuer: issuer, brokerUp: true, storeUp: true, inboxes: map[string]*soldier{},
		promised: map[string]bool{}, recorded: map[string]bool{}, runs: map[string]int64{},
	}
	w.truth = missiontest.New(t, memstore.Config{})
	w.truth.Meanwhile = w.rival
	w.truth.Fate = func() missiontest.Fate {
		if w.odds(24, "store loses a write") {
			return missiontest.Lost
		}
		if w.odds(24, "store loses an answer") {
			return missiontest.Unanswered
		}
		return missiontest.Applied
	}
	for range 2 {
		c := &commander{w: w}
		w.commanders = append(w.commanders, c)
		c.start()
	}
	for range 3 {
		w.recruit()
	}
	return w
}

// odds is true once in n times, and never once all is calm.
func (w *world) odds(n int, what string) bool {
	return !w.calm && rapid.IntRange(1, n).Draw(w.t, what) == n
}

func (w *world) pick(n int, what string) int { return rapid.IntRange(0, n-1).Draw(w.t, what) }

func (w *world) id(prefix byte) string {
	w.made++
	return fmt.Sprintf("%c0000000-0000-7000-8000-%012d", prefix, w.made)
}

// anySquad is how it is where every squad is there.
type anySquad struct{}

func (anySquad) Serve(context.Context, ...string) error { return nil }
func (anySquad) Noted(...string)                        {}

// start starts a commander, which knows nothing of what another, or it itself, did before.
func (c *commander) start() {
	w := c.w
	s := &shut{Store: w.truth, w: w}
	now := func() contracts.Time { return contracts.At(time.Now()) }
	c.up, c.paused = true, false
	c.missions = mission.New(mission.Deps{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: s, Dispatcher: c, Inboxes: c, Suspects: c, Observer: c, Now: now, TicketKey: ticketKey, Logger: zap.NewNop(),
	})
	c.sessions = session.New(session.Config{
		Epoch: func(context.Context) (store.Epoch, error) { return store.Epoch{}, nil }, Store: s, Issuer: w.issuer, TicketKey: ticketKey, Squads: anySquad{}, Now: time.Now, Issued: func() {},
	})
	c.uptime = uptime.New(uptime.Store, uptime.Broker, uptime.Intake, uptime.Listener)
	c.reaper = reap.NewStepper(reap.Config{
		Store: s, Missions: c.missions, Barrier: c, Inboxes: c, Uptime: c.uptime, Now: now, Buried: func() {}, Logger: zap.NewNop(),
	})
	c.uptime.Up(uptime.Listener)
	c.watch()
}

// watch tells the tracker what is there.
func (c *commander) watch() {
	for part, up := range map[uptime.Part]bool{
		uptime.Store: c.w.storeUp, uptime.Broker: c.w.brokerUp, uptime.Intake: c.w.storeUp && c.w.brokerUp,
	} {
		if up {
			c.uptime.Up(part)
		} else {
			c.uptime.Down(part)
		}
	}
}

func (c *commander) works() bool { return c.up && !c.paused }

func (c *commander) Suspect(session string)          { c.reaper.Suspect(session) }
func (c *commander) Accepted()                       {}
func (c *commander) Retried()                        {}
func (c *commander) Claimed(contracts.AnswerType)    {}
func (c *commander) Recorded(contracts.UpdateStatus) {}
func (c *commander) Refused(string)                  {}
func (c *commander) Ended(contracts.Status)          {}

// Send puts answers on their way. Any may be lost.
func (c *commander) Send(inbox string, answers ...contracts.Answer) {
	for _, a := range answers {
		if c.w.brokerUp && c.w.inboxes[inbox] != nil && !c.w.odds(8, "answer is lost") {
			c.w.answers = append(c.w.answers, letter{inbox, a})
		}
	}
}

// Deliverable tells whether an inbox exists.
func (c *commander) Deliverable(_ context.Context, inbox string) (bool, error) {
	if !c.w.brokerUp {
		return false, errors.New("no broker")
	}
	return c.w.inboxes[inbox] != nil, nil
}

// Dispatch publishes an order: it is confirmed, or the confirm is lost, or the order.
func (c *commander) Dispatch(rec store.Record, dispatch int64) {
	w := c.w
	if !w.brokerUp || w.odds(8, "order is lost") {
		return
	}
	w.orders = append(w.orders, copied{mission: rec.Mission})
	if w.storeUp && !w.odds(8, "confirm is lost") {
		w.ok(w.truth.ClearDue(w.ctx, store.Due{MissionID: rec.Mission.MissionID, Dispatch: dispatch}))
	}
}

// Pass settles all that the broker has: that is what a marker's coming back says. Soldiers go on meanwhile.
func (c *commander) Pass(context.Context) error {
	w := c.w
	before := len(w.status)
	for range before {
		if w.odds(8, "meanwhile") {
			w.soldiers[w.pick(len(w.soldiers), "soldier")].tick()
		}
		if !w.brokerUp || !c.settle(0, 1) {
			return errors.New("marker did not come back")
		}
	}
	if w.odds(4, "after the marker") {
		w.soldiers[w.pick(len(w.soldiers), "soldier")].tick()
	}
	return nil
}

// settle takes some messages off status_queue and settles them. It fails where the store does; then they stay.
func (c *commander) settle(at, n int) bool {
	w := c.w
	taken := slices.Clone(w.status[at:min(at+n, len(w.status))])
	var items []mission.Item
	for _, m := range taken {
		for _, u := range m.updates {
			items = append(items, mission.Item{Update: u, By: m.by})
		}
	}
	results, err := c.missions.Apply(w.ctx, items)
	if err != nil {
		if !errors.Is(err, store.ErrUnavailable) {
			w.t.Fatalf("updates not settled: %v", err)
		}
		return false
	}
	for _, m := range taken {
		for range m.updates {
			c.Send(m.inbox, results[0].Answer)
			results = results[1:]
		}
		if m.renewal != nil && time.Now().Before(m.expires) {
			reply, err := c.sessions.Extend(w.ctx, *m.renewal)
			w.ok(err)
			if reply.Lease {
				c.Send(m.inbox, contracts.Answer{Type: contracts.AnswerRenewed, Renewal: &reply})
			}
		}
	}
	// Not acked, they come again: at the end, as others went on meanwhile.
	w.status = slices.Delete(w.status, at, at+len(taken))
	if w.odds(10, "not acked") {
		w.status = append(w.status, taken...)
	}
	return true
}

// take takes due entries, as the dispatcher's loop does.
func (c *commander) take() {
	w := c.w
	s := &shut{Store: w.truth, w: w}
	entries, err := s.TakeDue(w.ctx, 100, contracts.DispatchHold)
	if err != nil {
		return
	}
	for _, e := range entries {
		switch action, d := mission.Come(w.load(e.MissionID), contracts.At(time.Now())); action {
		case mission.DueClear:
			w.ok(w.truth.ClearDue(w.ctx, e))
		case mission.DuePublish:
			c.Dispatch(w.load(e.MissionID), e.Dispatch)
		case mission.DueQueue:
			o, err := s.Commit(w.ctx, *d.Change)
			if err == nil && o[0].Code == store.Applied {
				c.Dispatch(w.load(e.MissionID), o[0].Dispatch)
			}
		case mission.DueLater:
		}
	}
}

// second is what a second brings to a commander.
func (c *commander) second() {
	if !c.works() {
		return
	}
	c.watch()
	c.uptime.Unbroken()
	c.take()
	c.reaper.Step(c.w.ctx)
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) load(id string) store.Record {
	recs, err := w.truth.Load(w.ctx, id)
	w.ok(err)
	return recs[0]
}

// anyCommander returns one that works; nil where none does.
func (w *world) anyCommander() *commander {
	working := slices.DeleteFunc(slices.Clone(w.commanders), func(c *commander) bool { return !c.works() })
	if len(working) == 0 {
		return nil
	}
	return working[w.pick(len(working), "commander")]
}

// rival lets another commander be faster than a write.
func (w *world) rival() {
	if !w.odds(8, "rival") {
		return
	}
	w.truth.Meanwhile = nil
	defer func() { w.truth.Meanwhile = w.rival }()
	c := w.anyCommander()
	if c == nil {
		return
	}
	switch {
	case len(w.ids) > 0 && rapid.Bool().Draw(w.t, "cancels"):
		w.cancel(c)
	default:
		c.take()
	}
}

func (w *world) cancel(c *commander) {
	_, err := c.missions.Cancel(w.ctx, w.ids[w.pick(len(w.ids), "mission")])
	var state *mission.StateError
	if err != nil && !errors.As(err, &state) && !errors.Is(err, store.ErrUnavailable) {
		w.t.Fatal(err)
	}
}

func (w *world) submit() {
	c := w.anyCommander()
	if c == nil || len(w.ids) == 4 {
		return
	}
	r := contracts.MissionRequest{
		Name: "m", Kind: rapid.SampledFrom([]string{"common", "common", "rare"}).Draw(w.t, "kind"),
		MaxAttempts: rapid.IntRange(1, 2).Draw(w.t, "max attempts"),
	}
	r.Normalize()
	if _, err := c.missions.Submit(w.ctx, r, nil); err != nil && !errors.Is(err, store.ErrUnavailable) {
		w.t.Fatal(err)
	}
	// It may be there, and nobody was told.
	p, err := w.truth.List(w.ctx, store.Query{Limit: contracts.MaxListLimit})
	w.ok(err)
	w.ids = w.ids[:0]
	for _, m := range p.Missions {
		w.ids = append(w.ids, m.MissionID)
	}
}

// pass lets seconds pass. Who is healthy does what is due.
func (w *world) pass(seconds int) {
	for range seconds {
		time.Sleep(time.Second)
		soldiersFirst := w.calm || rapid.Bool().Draw(w.t, "soldiers first")
		if soldiersFirst {
			w.soldiersSecond()
		}
		for _, c := range w.commanders {
			c.second()
		}
		if !soldiersFirst {
			w.soldiersSecond()
		}
	}
}

func (w *world) soldiersSecond() {
	for _, s := range slices.Clone(w.soldiers) {
		s.second()
	}
}

// toggleBroker takes the broker away, with all connections, or brings it back. Its queues are durable.
func (w *world) toggleBroker() {
	if w.brokerUp = !w.brokerUp; w.brokerUp {
		return
	}
	for _, s := range w.soldiers {
		s.disconnect()
	}
	w.answers = nil
	for _, c := range w.commanders {
		c.watch()
	}
}

func (w *world) toggleStore() {
	w.storeUp = !w.storeUp
	for _, c := range w.commanders {
		c.watch()
	}
}

func TestTheWholeProtocol(t *testing.T) {
	issuer := tokenauthtest.NewIssuer(t, time.Now)
	rapid.Check(t, func(t *rapid.T) {
		rapid.SyncTest(t, func(t *rapid.T) {
			w := newWorld(t, issuer)
			w.submit()
			anyone := func() *soldier { return w.soldiers[w.pick(len(w.soldiers), "soldier")] }
			some := func(do func(c *commander)) func(*rapid.T) {
				return func(*rapid.T) {
					if c := w.anyCommander(); c != nil {
						do(c)
					}
				}
			}
			settle := some(func(c *commander) {
				if n := len(w.status); n > 0 && w.brokerUp {
					c.settle(w.pick(n, "message"), rapid.IntRange(1, 3).Draw(t, "batch"))
				}
			})
			t.Repeat(map[string]func(*rapid.T){
				"":            func(*rapid.T) { w.check() },
				"submit":      func(*rapid.T) { w.submit() },
				"cancel":      some(w.cancelSome),
				"retry":       some(w.retrySome),
				"deliver":     func(*rapid.T) { w.deliver() },
				"settle":      settle,
				"hear":        func(*rapid.T) { w.hear() },
				"end":         func(*rapid.T) { anyone().end() },
				"pass":        func(*rapid.T) { w.pass(rapid.SampledFrom([]int{1, 1, 3, 7, 30, 50}).Draw(t, "seconds")) },
				"flow":        func(*rapid.T) { w.flow() },
				"flow 2":      func(*rapid.T) { w.flow() },
				"flow 3":      func(*rapid.T) { w.flow() },
				"disconnect":  func(*rapid.T) { anyone().disconnect() },
				"connect":     func(*rapid.T) { anyone().connect() },
				"cut or mend": func(*rapid.T) { s := anyone(); s.cut = !s.cut },
				"pause or go": func(*rapid.T) { s := anyone(); s.paused = !s.paused },
				"away":        func(*rapid.T) { w.away(anyone()) },
				"kill":        func(*rapid.T) { anyone().kill() },
				"outage":      func(*rapid.T) { w.outage() },
				"mend":        func(*rapid.T) { w.mend() },
			})
			w.heal()
		})
	})
}

// outage takes something away that all need, or brings it back.
func (w *world) outage() {
	switch w.pick(4, "outage") {
	case 0:
		w.toggleBroker()
	case 1:
		w.toggleStore()
	case 2:
		w.commanders[w.pick(2, "commander")].crashOrStart()
	case 3:
		c := w.commanders[w.pick(2, "commander")]
		c.paused = !c.paused
	}
}

// mend brings back all that is away, but for soldiers.
func (w *world) mend() {
	if !w.brokerUp {
		w.toggleBroker()
	}
	if !w.storeUp {
		w.toggleStore()
	}
	for _, c := range w.commanders {
		if !c.up {
			c.start()
		}
		c.paused = false
	}
	for _, s := range w.soldiers {
		s.connect()
	}
}

// away keeps a soldier away for about as long as it takes to be declared dead, while others go on.
func (w *world) away(s *soldier) {
	cut := rapid.Bool().Draw(w.t, "cut off, and not paused")
	s.cut, s.paused = s.cut || cut, s.paused || !cut
	for range rapid.IntRange(4, 9).Draw(w.t, "tens of seconds") {
		w.pass(8)
		w.flow()
	}
	s.cut, s.paused = false, false
}

func (w *world) cancelSome(c *commander) {
	if len(w.ids) > 0 && w.odds(3, "cancel") {
		w.cancel(c)
	}
}

func (w *world) retrySome(c *commander) {
	if len(w.ids) == 0 || !w.odds(3, "retry") {
		return
	}
	_, err := c.missions.Retry(w.ctx, w.ids[w.pick(len(w.ids), "mission")])
	var state *mission.StateError
	if err != nil && !errors.As(err, &state) && !errors.Is(err, store.ErrUnavailable) {
		w.t.Fatal(err)
	}
}

func (c *commander) crashOrStart() {
	if c.up {
		c.up = false
	} else {
		c.start()
	}
}

// flow lets the protocol go on by itself for a while, in any order.
func (w *world) flow() {
	for range rapid.IntRange(1, 16).Draw(w.t, "steps") {
		switch w.pick(6, "step") {
		case 0:
			w.deliver()
		case 1, 2:
			if c := w.anyCommander(); c != nil && len(w.status) > 0 && w.brokerUp {
				c.settle(w.pick(len(w.status), "message"), 1)
			}
		case 3:
			w.hear()
		case 4:
			w.pass(1)
		case 5:
			w.soldiers[w.pick(len(w.soldiers), "soldier")].end()
		}
	}
}

// deliver gives an order to a soldier that has room.
func (w *world) deliver() {
	if len(w.orders) == 0 || !w.brokerUp {
		return
	}
	ready := slices.DeleteFunc(slices.Clone(w.soldiers), func(s *soldier) bool { return !s.takes() })
	if len(ready) == 0 {
		return
	}
	i := w.pick(len(w.orders), "order")
	o := w.orders[i]
	w.orders = slices.Delete(w.orders, i, i+1)
	ready[w.pick(len(ready), "soldier")].order(o)
}

// hear delivers an answer, at times twice.
func (w *world) hear() {
	if len(w.answers) == 0 {
		return
	}
	i := w.pick(len(w.answers), "answer")
	l := w.answers[i]
	if !w.odds(6, "again") {
		w.answers = slices.Delete(w.answers, i, i+1)
	}
	if s := w.inboxes[l.inbox]; s != nil && !s.paused {
		s.hear(l.answer)
	} else if s != nil {
		w.answers = append(w.answers, l)
	}
}

// check is what must hold after each step, beside what the store checks at each change.
func (w *world) check() {
	w.truth.Stranded(w.ids, w.ordered)
	for _, id := range w.ids {
		rec := w.load(id)
		if rec.Mission.Run < w.runs[id] {
			w.t.Fatalf("run of %s went from %d to %d", id, w.runs[id], rec.Mission.Run)
		}
		w.runs[id] = rec.Mission.Run
	}
}

// ordered tells whether an order of the mission is at the broker, with a soldier, or being told back.
func (w *world) ordered(m contracts.Mission) bool {
	of := func(id string, attempt int) bool { return id == m.MissionID && attempt == m.Attempt }
	if slices.ContainsFunc(w.orders, func(o copied) bool { return of(o.mission.MissionID, o.mission.Attempt) }) {
		return true
	}
	for _, s := range w.soldiers {
		if slices.ContainsFunc(s.works, func(x *work) bool { return x.held && of(x.mission.MissionID, x.mission.Attempt) }) {
			return true
		}
	}
	return slices.ContainsFunc(w.status, func(msg message) bool {
		return slices.ContainsFunc(msg.updates, func(u contracts.Update) bool {
			return u.Status == contracts.UpdateNoHandler && of(u.MissionID, u.Attempt)
		})
	})
}

// heal lets all be well: every mission must end, every confirmed final be recorded, and every soldier be at rest.
func (w *world) heal() {
	w.calm = true
	w.mend()
	for _, s := range slices.Clone(w.soldiers) {
		s.cut, s.paused = false, false
		if s.rare || w.pick(3, "stays") > 0 {
			s.connect()
		} else {
			s.kill()
		}
	}
	w.recruit().rare = true
	for second := 0; ; second++ {
		if w.rests() {
			break
		}
		if second == 900 {
			w.t.Fatalf("not at rest 15 min after all was well: %s", w.picture())
		}
		w.pass(1)
		for range 6 {
			w.deliver()
			for len(w.status) > 0 {
				w.commanders[second%2].settle(0, 10)
			}
			for len(w.answers) > 0 {
				w.hear()
			}
			for _, s := range w.soldiers {
				s.end()
			}
		}
		w.check()
	}
	for execution := range w.promised {
		if !w.recorded[execution] {
			w.t.Fatalf("the broker has taken the final of %s, which was current then, and it was not recorded", execution)
		}
	}
}

func (w *world) rests() bool {
	for _, id := range w.ids {
		if !w.load(id).Mission.Status.Terminal() {
			return false
		}
	}
	return !slices.ContainsFunc(w.soldiers, func(s *soldier) bool { return len(s.works)+len(s.kept) > 0 })
}

func (w *world) picture() string {
	text := fmt.Sprintf("%d orders, %d messages, %d answers", len(w.orders), len(w.status), len(w.answers))
	for _, id := range w.ids {
		text += fmt.Sprintf("\n%+v due %v", w.load(id), w.truth.HasDue(id))
	}
	for _, s := range w.soldiers {
		text += fmt.Sprintf("\n%s: session %s, inbox %s, %d kept, wants %v", s.name, s.session, s.inbox, len(s.kept), s.wanted)
		for _, x := range s.works {
			text += fmt.Sprintf("\n\t%s %v execution %s held %v", x.mission.MissionID, x.state, x.execution, x.held)
		}
	}
	return text
}
