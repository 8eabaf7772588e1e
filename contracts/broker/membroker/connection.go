package membroker

import (
	"cmp"
	"slices"
)

// connection is what dies when a client is cut off. Its server's mutex guards it.
type connection struct {
	// lost is closed when it is gone; why is read after that.
	lost chan struct{}
	why  error
	// frozen: the server neither reads nor writes; unsent is what the client wrote meanwhile, in order.
	frozen bool
	unsent []func()
	// leases that stand or have messages on loan.
	leases []*lease
}

// send has the server do something, once it reads.
func (k *connection) send(f func()) {
	if k.frozen {
		k.unsent = append(k.unsent, f)
		return
	}
	f()
}

func (k *connection) thaw() {
	if !k.frozen {
		return
	}
	k.frozen = false
	unsent := k.unsent
	k.unsent = nil
	for _, f := range unsent {
		f()
	}
	for _, l := range slices.Clone(k.leases) {
		l.queue.move()
	}
}

// end gives back all that is on loan over this connection, in the old order, and drops its inboxes.
func (k *connection) end(s *Server, why error) {
	k.why, k.frozen, k.unsent = why, false, nil
	close(k.lost)
	loans := make(map[*queue][]*message)
	var queues []*queue // in the order of their leases, so that a run can be repeated
	for _, l := range k.leases {
		if !slices.Contains(queues, l.queue) {
			queues = append(queues, l.queue)
		}
		for _, m := range l.loans {
			loans[l.queue] = append(loans[l.queue], m)
		}
		l.fall(why)
	}
	k.leases = nil
	for _, q := range queues {
		if q.owner == k {
			s.drop(q)
			continue
		}
		back := loans[q]
		slices.SortFunc(back, func(a, b *message) int { return cmp.Compare(a.sequence, b.sequence) })
		q.giveBack(back...)
	}
}
