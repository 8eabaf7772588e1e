// Package faults is the fault drill: it runs a stack of its own, lets clients ask for missions and read them all the
// time, breaks one thing after another, heals everything, and judges what became of each promise.
//
//	clients, readers ──HTTP──> commander-a, commander-b ──link──> redis
//	                                ▲           └────────link──> rabbitmq
//	                           link │                                ▲
//	                            soldier-1..3 ────────link────────────┘
//
// The parts are the real programs and servers, as processes; every link is a netfault.Link. So each way between two
// parts can be cut, stalled, delayed or made half-open by itself. What is broken when is decided by package schedule
// (the same seed, the same schedule), what it did is judged by package check.
//
// # What is believed
//
// Each client writes down each 202 that it got; readers write down what they saw; soldiers write their journals. The
// drill notes what it broke, and when each process ended. A commander's word counts only for what a mission became, and
// is compared with all of these.
//
// # What it leaves alone
//
// It is bounded: Config.Length, then what is needed to let missions end, and a limit on how many there are. All data
// lies in a folder of its own, all ports are its own, on loopback. However it ends, it heals what it broke and ends what
// it started; on Linux the processes die with it, even where it is killed.
//
// Not among the faults: wrong wall clocks. Commanders take their time from Redis, soldiers measure with monotonic
// clocks, and neither program has a setting that would shift a clock; tools/faults holds a drill with programs built so.
package faults
