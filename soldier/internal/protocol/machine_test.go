package protocol_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
	"github.com/mission-control-dev/mission-control/soldier/internal/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a machine between a broker and a commander that are bags of messages: any of them may come at any time, come
// twice, or be lost, as rapid chooses. It checks the rules at every step.
type world struct {
	t     *rapid.T
	m     *protocol.Machine
	slots int
	now   time.Time
	ids   int

	// The broker.
	connected bool
	conn      int
	ready     []order            // in orders_queue
	lent      map[uint64][]order // by message
	tag       uint64
	settled   map[uint64]bool
	status    []sent
	answers   []answer
	packs     []protocol.Pack

	// The commander.
	missions  []*mission
	sessions  map[string]bool // true: dead
	requests  []request
	broadcast []request // renewals over the broker
	granted   map[string]contracts.Ticket

	// What the soldier did.
	starts   map[string]protocol.Start
	inside   map[protocol.WorkID]string
	leaseAt  map[string]time.Time // by session: when the newest answered renewal was sent
	finals   map[string]int
	draining bool
	// givesBack: unclaimed orders are being given back. everPacked: some came in a pack.
	givesBack, everPacked bool
}

type order struct {
	mission     int
	attempt     int
	redelivered bool
}

type mission struct {
	priority  contracts.Priority
	status    contracts.Status
	run       int64
	execution string
	session   string
	cancel    bool
	records   int
}

func (m *mission) ticket(id string) contracts.Ticket {
	return contracts.Ticket{
		MissionID: id, Attempt: 1, Run: m.run, Execution: m.execution, Session: m.session, Cancel: m.cancel,
	}
}

type sent struct {
	session, inbox string
	update         contracts.Update
}

type answer struct {
	inbox string
	a     contracts.Answer
}

type request struct {
	renewal contracts.Renewal
	at      time.Time
	reply   *contracts.RenewalReply
}

const kindWork = "work"

func newWorld(t *rapid.T) *world {
	w := &world{
		t: t, slots: rapid.IntRange(1, 3).Draw(t, "slots"), now: time.Unix(1e9, 0),
		lent: map[uint64][]order{}, settled: map[uint64]bool{}, sessions: map[string]bool{},
		granted: map[string]contracts.Ticket{}, starts: map[string]protocol.Start{},
		inside: map[protocol.WorkID]string{}, leaseAt: map[string]time.Time{}, finals: map[string]int{},
	}
	w.m = protocol.New(protocol.Config{
		Slots: w.slots, Serves: func(kind string) bool { return kind == kindWork },
		NewExecution: func() string { return w.id("e") },
	})
	return w
}

func (w *world) id(prefix string) string {
	w.ids++
	return fmt.Sprintf("%s%d", prefix, w.ids)
}

func missionID(i int) string { return fmt.Sprintf("00000000-0000-7000-8000-%012d", i) }

func (w *world) inbox() string { return fmt.Sprintf("amq.gen-%d", w.conn) }

// Settle implements broker.Settler; the machine must never call it.
func (w *world) Settle(uint64, broker.Outcome) error {
	w.t.Fatal("the machine settled a delivery by itself")
	return nil
}

// carry carries effects out, and checks them.
func (w *world) carry() {
	for _, e := range w.m.Effects() {
		switch e := e.(type) {
		case protocol.Start:
			w.started(e)
		case protocol.Cancel:
			if _, ok := w.inside[e.Work]; !ok {
				w.t.Fatalf("cancel of a handler that does not run")
			}
		case protocol.Settle:
			w.settle(e)
		}
	}
	c := w.m.Counts()
	if c.Taken > w.slots || c.Taken < len(w.inside) || c.Running != len(w.inside) {
		w.t.Fatalf("%d slots taken of %d, with %d handlers inside (%+v)", c.Taken, w.slots, len(w.inside), c)
	}
	if wrong := w.m.Recount(); wrong != "" {
		w.t.Fatal(wrong)
	}
	for _, p := range contracts.Priorities() {
		if r := w.m.Ration(w.now, p); r < 0 || r > w.slots || r > 0 && !w.connected {
			w.t.Fatalf("ration of %s is %d of %d slots", p, r, w.slots)
		}
	}
	if c.Kept > contracts.UnrecordedPerSlot*w.slots {
		w.t.Fatalf("%d results kept with %d slots", c.Kept, w.slots)
	}
}

func (w *world) started(s protocol.Start) {
	x := s.Ticket.Execution
	if _, twice := w.starts[x]; twice {
		w.t.Fatalf("execution %s started twice", x)
	}
	given := w.granted[x]
	given.Cancel = s.Ticket.Cancel // the same grant, told again, may say more of this
	if given != *s.Ticket || s.Mission.MissionID != s.Ticket.MissionID {
		w.t.Fatalf("started on a ticket that nobody gave: %+v", s.Ticket)
	}
	if s.Ticket.Cancel {
		w.t.Fatal("started although a cancel was asked for")
	}
	if s.Ticket.Session != w.m.Session() {
		w.t.Fatal("started on a ticket of another session")
	}
	if w.draining {
		w.t.Fatal("started while draining")
	}
	at, ok := w.leaseAt[s.Ticket.Session]
	if age := w.now.Sub(at); !ok || age >= contracts.LeaseDuration {
		w.t.Fatalf("started on a lease of %v", age)
	}
	w.starts[x] = s
	w.inside[s.Work] = x
}

func (w *world) settle(s protocol.Settle) {
	tag := tagOf(*s.Delivery)
	if w.settled[tag] {
		w.t.Fatalf("delivery %d settled twice", tag)
	}
	w.settled[tag] = true
	orders, ok := w.lent[tag]
	if !ok {
		return // stale
	}
	delete(w.lent, tag)
	if s.Outcome == broker.Requeued {
		if crowded := w.everPacked && w.m.Counts().Running == w.slots; !w.draining && !w.givesBack && !crowded {
			w.t.Fatal("an order was requeued without a drain, or a pack that waits")
		}
		w.comeAgain(orders)
		return
	}
	if s.Outcome != broker.Acked {
		w.t.Fatalf("outcome %v", s.Outcome)
	}
}

// comeAgain puts orders back into the queue: alone, so that they come in other packs.
func (w *world) comeAgain(orders []order) {
	for _, o := range orders {
		o.redelivered = true
		w.ready = append(w.ready, o)
	}
}

// lend delivers orders as one message.
func (w *world) lend(orders ...order) {
	w.tag++
	w.lent[w.tag] = orders
	w.everPacked = w.everPacked || len(orders) > 1
	r := broker.FirstDelivery
	var sent []contracts.Order
	for _, o := range orders {
		if o.redelivered {
			r = broker.Redelivered
		}
		sent = append(sent, contracts.NewOrder(contracts.Mission{
			MissionID: missionID(o.mission), Kind: kindWork, Attempt: o.attempt, TimeoutSeconds: 90, Payload: []byte(`{}`),
			Priority: w.missions[o.mission].priority,
		}, 1, contracts.At(w.now)))
	}
	w.m.OrdersTaken(w.now, sent, broker.NewDelivery(broker.Message{ID: fmt.Sprint(w.tag)}, w.queue(orders[0]), r, w, w.tag))
}

// queue is where an order comes from.
func (w *world) queue(o order) string {
	return topology.OrdersQueue(contracts.DefaultSquad, w.missions[o.mission].priority)
}

// tagOf is the tag of a delivery: its message's id, which the world makes the same.
func tagOf(d broker.Delivery) uint64 {
	var tag uint64
	_, _ = fmt.Sscan(d.ID, &tag)
	return tag
}

// The steps.

func (w *world) submit(t *rapid.T) {
	if len(w.missions) == 6 {
		t.Skip()
	}
	p := rapid.SampledFrom(contracts.Priorities()).Draw(t, "priority")
	w.missions = append(w.missions, &mission{priority: p, status: contracts.StatusQueued})
	w.ready = append(w.ready, order{mission: len(w.missions) - 1, attempt: 1})
}

func (w *world) duplicate(t *rapid.T) {
	if len(w.missions) == 0 || len(w.ready) > 6 {
		t.Skip()
	}
	w.ready = append(w.ready, order{mission: rapid.IntRange(0, len(w.missions)-1).Draw(t, "mission"), attempt: 1})
}

func (w *world) deliver(t *rapid.T) {
	if !w.connected || len(w.ready) == 0 || len(w.lent) >= w.slots {
		t.Skip()
	}
	var orders []order
	for range rapid.IntRange(1, min(3, len(w.ready))).Draw(t, "orders") {
		i := rapid.IntRange(0, len(w.ready)-1).Draw(t, "order")
		if len(orders) > 0 && w.queue(orders[0]) != w.queue(w.ready[i]) {
			continue
		}
		orders = append(orders, w.ready[i])
		w.ready = slices.Delete(w.ready, i, i+1)
	}
	w.lend(orders...)
}

func (w *world) connect(*rapid.T) {
	if w.connected {
		w.m.InboxDown()
		for _, q := range topology.Default().OrdersQueues() {
			w.m.OrdersDown(q)
		}
		for _, orders := range w.lent {
			w.comeAgain(orders)
		}
		w.lent = map[uint64][]order{}
		w.connected = false
		w.answers = nil
		return
	}
	w.conn++
	w.connected = true
	w.m.InboxUp(w.now, w.inbox())
	for _, p := range contracts.Priorities() {
		w.m.OrdersAsked(w.now, p, w.slots)
		w.m.OrdersUp(topology.OrdersQueue(contracts.DefaultSquad, p))
		w.m.OrdersComing(w.now, p, w.slots)
	}
}

func (w *world) take(t *rapid.T) {
	if len(w.packs) == 3 {
		t.Skip()
	}
	if p, ok := w.m.TakePack(); ok {
		w.packs = append(w.packs, p)
	}
}

// publish ends one of the publishes in flight: confirmed, taken without confirm, or lost.
func (w *world) publish(t *rapid.T) {
	if len(w.packs) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(w.packs)-1).Draw(t, "pack")
	p := w.packs[i]
	w.packs = slices.Delete(w.packs, i, i+1)
	fate := 2
	if w.connected {
		fate = rapid.IntRange(0, 4).Draw(t, "fate")
	}
	if fate != 2 {
		for _, u := range p.Updates {
			w.status = append(w.status, sent{session: p.Session, inbox: p.Inbox, update: u})
			w.carries(w.status[len(w.status)-1])
		}
	}
	var err error
	if fate == 1 || fate == 2 {
		err = broker.ErrUnavailable
	}
	w.m.PackDone(w.now, p, err)
}

func (w *world) decide(t *rapid.T) {
	if len(w.status) == 0 {
		t.Skip()
	}
	i := 0
	if len(w.status) > 1 && rapid.IntRange(0, 3).Draw(t, "overtakes") == 0 {
		i = 1
	}
	s := w.status[i]
	if rapid.IntRange(0, 5).Draw(t, "again") > 0 {
		w.status = slices.Delete(w.status, i, i+1)
	}
	if u := s.update; u.Status == contracts.UpdateInProgress && u.Mission == nil && rapid.IntRange(0, 5).Draw(t, "wiped") == 0 {
		w.tell(s.inbox, contracts.Answer{Type: contracts.AnswerShow, MissionID: u.MissionID, Execution: u.Execution})
		return
	}
	w.apply(s)
}

// carries checks that an update has what a commander needs whose store was wiped.
func (w *world) carries(s sent) {
	u := s.update
	whole := u.Mission != nil && u.Mission.MissionID == u.MissionID && u.Mission.Attempt == u.Attempt && u.Mission.Kind != ""
	switch {
	case u.Status == contracts.UpdateInProgress && u.Ticket == nil:
		if u.Mission != nil && !whole {
			w.t.Fatalf("a claim shows %+v", u.Mission)
		}
	case u.Status == contracts.UpdateInProgress:
		if !whole || *u.Ticket != w.granted[u.Execution] || u.Ticket.Session != s.session {
			w.t.Fatalf("an execution is shown with %+v and %+v under session %s", u.Ticket, u.Mission, s.session)
		}
	case u.Status == contracts.UpdateReleased && u.Mission == nil: // handed back, unknown
	case !whole || (u.Status == contracts.UpdateCompleted) != (u.Mission.Payload == nil):
		w.t.Fatalf("%s with %+v", u.Status, u.Mission)
	}
}

func (w *world) apply(s sent) {
	u := s.update
	var i int
	_, _ = fmt.Sscanf(u.MissionID[24:], "%d", &i)
	m := w.missions[i]
	a := contracts.Answer{MissionID: u.MissionID, Execution: u.Execution, Type: contracts.AnswerRefused}
	if u.Status == contracts.UpdateInProgress && u.Ticket != nil {
		return // shown, and known
	}
	if u.Status == contracts.UpdateInProgress {
		dead, known := w.sessions[s.session]
		switch {
		case dead, !known: // a renewal without lease has registered nothing
			a.Type = contracts.AnswerSessionDead
		case m.status == contracts.StatusQueued:
			m.run++
			m.status, m.execution, m.session = contracts.StatusInProgress, u.Execution, s.session
			fallthrough
		case m.status == contracts.StatusInProgress && m.execution == u.Execution:
			tk := m.ticket(u.MissionID)
			w.granted[u.Execution] = tk
			a.Type, a.Ticket = contracts.AnswerGranted, &tk
		}
		w.tell(s.inbox, a)
		return
	}
	if u.Ticket.Session != s.session {
		w.t.Fatal("a final of one session under the token of another")
	}
	if w.granted[u.Execution].Execution == "" {
		w.t.Fatal("a final without a grant")
	}
	if m.status == contracts.StatusInProgress && m.execution == u.Execution {
		m.records++
		m.status = contracts.Status(u.Status)
		if u.Status == contracts.UpdateReleased {
			m.status = contracts.StatusQueued
			w.ready = append(w.ready, order{mission: i, attempt: 1})
		}
		m.execution = ""
	}
	w.finals[u.Execution]++
	w.tell(s.inbox, contracts.Answer{Type: contracts.AnswerRecorded, MissionID: u.MissionID, Execution: u.Execution})
}

func (w *world) tell(inbox string, a contracts.Answer) {
	if w.connected && inbox == w.inbox() {
		w.answers = append(w.answers, answer{inbox: inbox, a: a})
	}
}

func (w *world) hear(t *rapid.T) {
	if len(w.answers) == 0 {
		t.Skip()
	}
	i := rapid.IntRange(0, len(w.answers)-1).Draw(t, "answer")
	a := w.answers[i]
	fate := rapid.IntRange(0, 5).Draw(t, "fate")
	if fate != 0 { // 0: comes again
		w.answers = slices.Delete(w.answers, i, i+1)
	}
	if fate != 1 { // 1: lost
		w.m.Answer(w.now, a.a)
	}
}

func (w *world) ask(t *rapid.T) {
	if len(w.requests) > 0 {
		t.Skip()
	}
	w.requests = append(w.requests, request{renewal: w.m.Renewal(), at: w.now})
}

func (w *world) askByBroker(t *rapid.T) {
	if w.m.Session() == "" || !w.connected || len(w.broadcast) > 1 {
		t.Skip()
	}
	r := w.m.Renewal()
	w.m.RenewalSent(w.now, r.Seq)
	w.broadcast = append(w.broadcast, request{renewal: r, at: w.now})
}

// renewed applies a renewal as the commander would.
func (w *world) renewed(r contracts.Renewal, lease bool) contracts.RenewalReply {
	reply := contracts.RenewalReply{Session: r.Session, Seq: r.Seq, Lease: lease}
	if r.Session == "" {
		reply.Session = w.id("s")
	}
	if !lease {
		return reply
	}
	if dead, known := w.sessions[reply.Session]; dead {
		reply.Dead = true
		return reply
	} else if !known {
		w.sessions[reply.Session] = false
	}
	for _, x := range r.Running {
		var i int
		_, _ = fmt.Sscanf(x.MissionID[24:], "%d", &i)
		switch m := w.missions[i]; {
		case m.execution != x.Execution:
			reply.Stop = append(reply.Stop, contracts.Stop{Execution: x.Execution, Reason: contracts.StopSuperseded})
		case m.cancel:
			reply.Stop = append(reply.Stop, contracts.Stop{Execution: x.Execution, Reason: contracts.StopCancelled})
		}
		if r.Seq%3 == 0 { // the store was wiped
			reply.Show = append(reply.Show, x.Execution)
		}
	}
	listed := map[string]bool{}
	for _, x := range slices.Concat(r.Claims, r.Running, r.Unrecorded) {
		listed[x.Execution] = true
	}
	for i, m := range w.missions {
		if m.status == contracts.StatusInProgress && m.session == reply.Session && !listed[m.execution] {
			reply.Unlisted = append(reply.Unlisted, m.ticket(missionID(i)))
		}
	}
	for _, x := range r.Unrecorded {
		var i int
		_, _ = fmt.Sscanf(x.MissionID[24:], "%d", &i)
		if w.missions[i].execution != x.Execution {
			reply.Recorded = append(reply.Recorded, x.Execution)
		}
	}
	return reply
}

func (w *world) reply(t *rapid.T) {
	if len(w.requests) == 0 {
		t.Skip()
	}
	r := w.requests[0]
	if r.reply == nil { // applied now, answered later
		x := w.renewed(r.renewal, rapid.IntRange(0, 4).Draw(t, "lease") > 0)
		w.requests[0].reply = &x
		return
	}
	w.requests = nil
	if rapid.IntRange(0, 4).Draw(t, "lost") == 0 {
		return
	}
	w.answered(r, *r.reply)
}

func (w *world) answered(r request, reply contracts.RenewalReply) {
	if !reply.Dead {
		reply.Token = "token" // over HTTP
	}
	if w.m.Renewed(w.now, r.renewal.Session, reply, r.at) == protocol.Taken && reply.Lease {
		w.note(reply.Session, r.at)
	}
}

func (w *world) note(session string, at time.Time) {
	if at.After(w.leaseAt[session]) {
		w.leaseAt[session] = at
	}
}

func (w *world) replyByBroker(t *rapid.T) {
	if len(w.broadcast) == 0 {
		t.Skip()
	}
	r := w.broadcast[0]
	w.broadcast = w.broadcast[1:]
	reply := w.renewed(r.renewal, true)
	w.tell(r.renewal.Inbox, contracts.Answer{Type: contracts.AnswerRenewed, Renewal: &reply})
	if !reply.Dead {
		w.note(r.renewal.Session, r.at)
	}
}

func (w *world) die(t *rapid.T) {
	live := w.liveSessions()
	if len(live) == 0 {
		t.Skip()
	}
	s := live[rapid.IntRange(0, len(live)-1).Draw(t, "session")]
	w.sessions[s] = true
	for i, m := range w.missions {
		if m.status == contracts.StatusInProgress && m.session == s {
			m.status, m.execution = contracts.StatusQueued, ""
			w.ready = append(w.ready, order{mission: i, attempt: 1})
		}
	}
}

func (w *world) liveSessions() []string {
	var live []string
	for s, dead := range w.sessions {
		if !dead {
			live = append(live, s)
		}
	}
	slices.Sort(live)
	return live
}

func (w *world) cancel(t *rapid.T) {
	if len(w.missions) == 0 {
		t.Skip()
	}
	m := w.missions[rapid.IntRange(0, len(w.missions)-1).Draw(t, "mission")]
	m.cancel = true
	if m.status == contracts.StatusInProgress && w.connected {
		w.tell(w.inbox(), contracts.Answer{Type: contracts.AnswerStop, Execution: m.execution, Reason: string(contracts.StopCancelled)})
	}
}

func (w *world) finish(t *rapid.T) {
	if len(w.inside) == 0 {
		t.Skip()
	}
	var ids []protocol.WorkID
	for id := range w.inside {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	id := ids[rapid.IntRange(0, len(ids)-1).Draw(t, "handler")]
	delete(w.inside, id)
	w.m.HandlerEnded(w.now, id, protocol.End{Status: contracts.UpdateCompleted})
}

func (w *world) pass(t *rapid.T) {
	w.now = w.now.Add(rapid.SampledFrom([]time.Duration{
		time.Millisecond, time.Second, 3 * time.Second, 11 * time.Second, 30 * time.Second, 61 * time.Second,
	}).Draw(t, "passes"))
	w.m.Tick(w.now)
}

// flow lets a few things happen as they do on a good day: random steps alone seldom get far.
func (w *world) flow(t *rapid.T) {
	for range rapid.IntRange(1, 12).Draw(t, "steps") {
		var steps []func()
		if w.m.Session() == "" || !w.m.LeaseYoung(w.now) {
			steps = append(steps, func() {
				r := request{renewal: w.m.Renewal(), at: w.now}
				w.answered(r, w.renewed(r.renewal, true))
			})
		}
		if w.connected && len(w.ready) > 0 && len(w.lent) < w.slots {
			steps = append(steps, func() { w.deliver(t) })
		}
		if len(w.packs) == 0 {
			steps = append(steps, func() {
				if p, ok := w.m.TakePack(); ok && w.connected {
					for _, u := range p.Updates {
						w.status = append(w.status, sent{session: p.Session, inbox: p.Inbox, update: u})
					}
					w.m.PackDone(w.now, p, nil)
				} else if ok {
					w.m.PackDone(w.now, p, broker.ErrUnavailable)
				}
			})
		}
		if len(w.status) > 0 {
			steps = append(steps, func() {
				x := w.status[0]
				w.status = w.status[1:]
				w.apply(x)
			})
		}
		if len(w.answers) > 0 {
			steps = append(steps, func() {
				a := w.answers[0]
				w.answers = w.answers[1:]
				w.m.Answer(w.now, a.a)
			})
		}
		if len(steps) == 0 {
			return
		}
		steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]()
		w.carry()
	}
}

// settleAll lets everything happen that can, without faults: then nothing may be left.
func (w *world) settleAll() {
	if !w.connected {
		w.connect(nil)
	}
	w.requests, w.broadcast = nil, nil
	for range 60 {
		w.now = w.now.Add(time.Second)
		w.m.Tick(w.now)
		r := request{renewal: w.m.Renewal(), at: w.now}
		w.answered(r, w.renewed(r.renewal, true))
		w.carry()
		for len(w.ready) > 0 && len(w.lent) < w.slots {
			n := min(2, len(w.ready))
			if n == 2 && w.queue(w.ready[0]) != w.queue(w.ready[1]) {
				n = 1
			}
			orders := w.ready[:n:n]
			w.ready = w.ready[n:]
			w.lend(orders...)
			w.carry()
			if w.draining {
				break
			}
		}
		for _, p := range w.packs {
			w.packs = nil
			w.m.PackDone(w.now, p, broker.ErrUnavailable)
		}
		if p, ok := w.m.TakePack(); ok {
			for _, u := range p.Updates {
				w.status = append(w.status, sent{session: p.Session, inbox: p.Inbox, update: u})
			}
			w.m.PackDone(w.now, p, nil)
			w.carry()
		}
		for len(w.status) > 0 {
			s := w.status[0]
			w.status = w.status[1:]
			w.apply(s)
		}
		for len(w.answers) > 0 {
			a := w.answers[0]
			w.answers = w.answers[1:]
			w.m.Answer(w.now, a.a)
			w.carry()
		}
		var ids []protocol.WorkID
		for id := range w.inside {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		for _, id := range ids {
			delete(w.inside, id)
			w.m.HandlerEnded(w.now, id, protocol.End{Status: contracts.UpdateCompleted})
			w.carry()
		}
	}
}

func TestMachineUnderAnyOrderOfEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		drains := rapid.IntRange(0, 3).Draw(t, "drains") == 0
		w.connect(t)
		t.Repeat(map[string]func(*rapid.T){
			"":              func(*rapid.T) { w.carry() },
			"flow":          w.flow,
			"more flow":     w.flow,
			"still flow":    w.flow,
			"yet flow":      w.flow,
			"submit":        w.submit,
			"duplicate":     w.duplicate,
			"deliver":       w.deliver,
			"connect":       w.connect,
			"take":          w.take,
			"publish":       w.publish,
			"decide":        w.decide,
			"hear":          w.hear,
			"ask":           w.ask,
			"ask by broker": w.askByBroker,
			"reply":         w.reply,
			"reply broker":  w.replyByBroker,
			"die":           w.die,
			"cancel":        w.cancel,
			"finish":        w.finish,
			"pass":          w.pass,
			"give back": func(t *rapid.T) {
				w.givesBack = true
				w.m.GiveBack(rapid.SampledFrom(topology.Default().OrdersQueues()).Draw(t, "queue"))
				w.carry()
				w.givesBack = false
			},
			"drain": func(t *rapid.T) {
				if !drains || rapid.IntRange(0, 20).Draw(t, "now") > 0 {
					t.Skip()
				}
				w.draining = true
				switch rapid.IntRange(0, 2).Draw(t, "who asks") {
				case 0:
					w.m.Drain(w.now)
				case 1:
					w.m.Answer(w.now, contracts.Answer{Type: contracts.AnswerDrain})
				case 2:
					w.m.Renewed(w.now, w.m.Session(), contracts.RenewalReply{Session: w.m.Session(), Drain: true}, time.Time{})
				}
			},
		})
		w.settleAll()
		w.carry()
		c := w.m.Counts()
		if c != (protocol.Counts{}) {
			t.Fatalf("work is left: %+v, renewal %+v", c, w.m.Renewal())
		}
		if len(w.lent) != 0 {
			t.Fatalf("orders are held for nothing: %v", w.lent)
		}
		if !w.m.Idle() {
			t.Fatal("not idle")
		}
		for i, m := range w.missions {
			if !w.draining && m.status != contracts.StatusCompleted && m.status != contracts.StatusFailed {
				t.Fatalf("mission %d is %s", i, m.status)
			}
		}
	})
}

// TestACommanderAsksForTheDrain: once, by any word, and for good.
func TestACommanderAsksForTheDrain(t *testing.T) {
	now := time.Unix(1e9, 0)
	drain := contracts.Answer{Type: contracts.AnswerDrain}
	for name, ask := range map[string]func(m *protocol.Machine){
		"answer": func(m *protocol.Machine) { m.Answer(now, drain) },
		"renewal": func(m *protocol.Machine) {
			m.Renewed(now, "", contracts.RenewalReply{Session: "one", Drain: true}, now)
		},
		"renewal over the broker": func(m *protocol.Machine) {
			m.Renewed(now, "", contracts.RenewalReply{Session: "one"}, now)
			m.Answer(now, contracts.Answer{Type: contracts.AnswerRenewed, Renewal: &contracts.RenewalReply{Session: "one", Drain: true}})
		},
	} {
		m := protocol.New(protocol.Config{Slots: 1, Serves: func(string) bool { return true }, NewExecution: func() string { return "e" }})
		m.InboxUp(now, "amq.gen-1")
		ask(m)
		m.Answer(now, drain)
		m.Renewed(now, m.Session(), contracts.RenewalReply{Session: "two", Token: "t", Lease: true}, now)
		said := 0
		for _, e := range m.Effects() {
			if n, ok := e.(protocol.Note); ok && n.What == protocol.NoteDrainAsked {
				said++
			}
		}
		if !m.DrainAsked() || m.Ration(now, contracts.PriorityNormal) != 0 || said != 1 {
			t.Errorf("%s: asked %v, ration %d, said %d times", name, m.DrainAsked(), m.Ration(now, contracts.PriorityNormal), said)
		}
	}
}

// TestAnAnswerOfALaterReleaseChangesNothing: that is how soldiers take whatever commanders say some day.
func TestAnAnswerOfALaterReleaseChangesNothing(t *testing.T) {
	now := time.Unix(1e9, 0)
	m := protocol.New(protocol.Config{Slots: 1, Serves: func(string) bool { return true }, NewExecution: func() string { return "e" }})
	m.InboxUp(now, "amq.gen-1")
	m.Renewed(now, "", contracts.RenewalReply{Session: "one", Token: "t", Lease: true}, now)
	m.Effects()
	pack, err := contracts.DecodeAnswerPack([]byte(`{"v":1,"type":"answers","answers":[{"type":"retire","when":"soon"}]}`))
	if err != nil || len(pack.Answers) != 1 {
		t.Fatal(pack, err)
	}
	m.Answer(now, pack.Answers[0])
	if m.DrainAsked() || m.Ration(now, contracts.PriorityNormal) != 1 || len(m.Effects()) != 0 {
		t.Errorf("ration %d, asked %v", m.Ration(now, contracts.PriorityNormal), m.DrainAsked())
	}
}

func TestRenewalsAreNumberedAcrossSessions(t *testing.T) {
	m := protocol.New(protocol.Config{Slots: 1, Serves: func(string) bool { return true }, NewExecution: func() string { return "e" }})
	now := time.Unix(1e9, 0)
	last := int64(0)
	for _, session := range []string{"one", "two"} {
		for range 3 {
			r := m.Renewal()
			if r.Seq <= last {
				t.Errorf("renewal %d after %d", r.Seq, last)
			}
			last = r.Seq
			m.Renewed(now, r.Session, contracts.RenewalReply{Session: session, Token: "token", Seq: r.Seq, Lease: true}, now)
		}
		m.Renewed(now, session, contracts.RenewalReply{Session: session, Dead: true}, now)
	}
}
