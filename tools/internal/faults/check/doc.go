// Package check judges a fault drill. It is pure: what clients, readers and soldiers wrote down, what the commanders say
// in the end, and what was broken when go in; violations come out. No commander's word is taken for what a soldier did,
// and none of a soldier's for what was promised.
//
// # Violations
//
//	lost          a 202 was given, and in the end the mission is unknown, or has no terminal state
//	forgotten     a 202 was given, and a read was answered that there is no such mission
//	two_missions  one idempotency key was answered with two missions
//	doubled       carried out again, though the execution before was not interrupted
//	overlapping   two executions of a mission worked at the same time without a cause in what was broken
//	gone_back     a later read showed an older version, or left a terminal state that no operator retried
//	history       a history with a gap or an illegal edge, or that ends in another state than the mission
//	invented      a recorded end that no execution in the soldiers' journals had
//	cancel_lost   a cancel was accepted, and the mission ended FAILED, was granted once more, or does not know of it
//	crashed       one of our programs died by itself
//	unexplained   FAILED for a reason that neither the request nor anything broken gives; CANCELLED and nobody had asked;
//	              COMPLETED by a handler that always fails
//	not_taken     Redis alone was away for a while, and of the missions that were asked for without a key RabbitMQ took none,
//	              or fewer than 80 % of those that were accepted in the end
//	odd_answer    a call was answered with an error that nothing broken explains, as a cancel's 409 before the mission ended
//	unwell        everything was undone, and minutes later a commander did not say that all is well
//
// # When carrying out again is right
//
// The execution was handed back; or it failed, and the next one is a later attempt; or its soldier died before the next
// began; or its soldier was cut off: paused, or without a way to RabbitMQ and to any commander at once for longer than a
// suspicion takes. The last one is also the only cause for an overlap, since nobody can stop a handler that hears
// nothing. All of these count only where the end could not have been recorded before: an execution that ended, and was
// followed by a minute in which nothing was broken, is never carried out again.
//
// # Slow
//
// Times are judged, too, but what took too long is no violation: the machine may have been busy. A killed soldier's
// missions are to run again within 8 s where its connections broke and nothing else was broken from 5 s before on, else
// within 40 s of the moment from which on all is there; and missions are to be accepted, read and started within 10 s of a
// fault's end where nothing else is broken then (after a wipe of Redis starts have 35 s more).
//
// Under a wipe the design promises less, see wiped.go. Missions that are gone and may be are counted: nothing proves that
// the wipe took them.
package check
