// Package attention says in words what needs somebody's attention: what is wrong, why it is thought so, and what can be done.
//
// It only reads. Nothing that happens to missions depends on it, and what it gets wrong misleads a person, no program.
//
//	sources ──(each in its own time)──> Picture ──rules──> items, the worst first ──> GET /attention, topic attention
//
// # Sources
//
// A source is one question: to the health checks, the store, the broker, or another part of this commander. Each is asked by its
// own goroutine and given askTime. One that fails or hangs leaves its part of the picture unknown, and with it what the rules say
// from that part; all else stands. One that takes long is asked less often, so that its questions never take more than a tenth of
// the time. What memory answers while the store is away is old: nothing is said of soldiers and waiting missions from it.
//
// # Rules
//
// A rule is a function from a Picture to items. It reads no clock and asks nobody. It also says whether it could judge at all:
// "there is nothing" and "that is not known now" are different answers, and only the first one ends a cause.
//
// # Since
//
// Where the data say when something began, an item's since is that. Else it is when this process first saw it, and starts anew
// with the process: that is the price of a judgement that is kept nowhere. To be right about it, a Keeper looks also while nobody
// asks, every idleEvery. Two commanders may so differ in since, never in ids.
//
// # What is not counted
//
// Missions that wait are looked at, not counted: of each squad at most sample, and of all that are QUEUED a few pages at a time, by a
// walk that goes on where it ended. So the work is bounded however many wait, a number may be "at least", and a kind that nobody
// serves behind 100,000 other missions is found after some minutes.
package attention
