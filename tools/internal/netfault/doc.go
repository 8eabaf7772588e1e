// Package netfault is a network that can be broken at will, one connection between two parts at a time: TCP proxies on
// loopback, for tests and drills.
//
//	part ──> Link ──> server      Pass      bytes pass
//	                              Cut       what stands is reset, what comes is refused (a reset after the accept)
//	                              Stall     bytes wait, and pass once the fault is over: a cable pulled and put back
//	                              HalfOpen  bytes vanish; what stood or came meanwhile never passes again, and neither
//	                                        end is told: a peer that lost power
//
// A delay holds every byte back for a while, in any mode, and costs no throughput.
//
// Authority: a Link decides nothing by itself. It hides one thing from its client: a server that can't be reached shows
// as a connection that is accepted and reset.
package netfault
