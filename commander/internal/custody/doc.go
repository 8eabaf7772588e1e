// Package custody looks after the orders that lie at the broker, and sends again what the broker lost.
//
// The dispatcher puts each mission whose order was confirmed on the shelf "sent" of its queue. From there two rules take
// it, and a grant, which is how it should be.
//
// # One order is lost
//
// A queue hands out its orders in the order in which it got them. So once the claim of an order is seen, or the queue
// has stood empty for a minute, all that was sent long before (After) must have been claimed, too. What has not is judged lost: somebody
// emptied the queue, or a soldier took the order and told it back in a way that was not believed. It is sent again, and
// counted; mission.Resend says how often. A judgement that was wrong costs an order too many, which is refused. It is made
// only while everything that claims come through has been there for as long, from what was seen meanwhile, and once a
// marker has come back through status_queue: the claims may just be waiting.
//
// # All orders are lost
//
// The store knows the id of the broker that the orders went to, and in that broker there is a queue of that id, the
// marker, with nothing in it. Where the marker is missing, so is everything else: the broker was wiped, or is another one.
//
//	store says old, marker old is missing
//	   1  declare the topology, then the marker of a fresh id
//	   2  give all that was sent a due entry, in portions, spread over time      (nothing is counted)
//	   3  look whether the fresh marker is still there
//	   4  set the store's id from old to the fresh one, if it still is old
//
// A commander may die anywhere in between: the store then says old, and the next look, by whomever, begins again. What
// was given a due entry has left the shelf, so little is done twice. Any number of commanders may do it at once, and
// share the portions; those that come too late at 4 delete their marker afterwards. The marker comes first, not last, and is looked
// for at the end: whatever is published from 1 on lies beside it, and a second wipe at any moment takes it away, too.
//
// # Two brokers
//
// Commanders that share the store and not the broker would each find the other's marker missing, and take all orders from each
// other for ever. One whose own marker still stands while the store names another knows that its broker lost nothing. It
// recovers once in ten minutes, says loudly what is wrong, and has it in /health.
//
// The first start is the same, from no id, and without 2.
package custody
