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
//	gone_back     a terminal state was seen, and then another one
//	history       a history with a gap or an illegal edge, or that ends in another state than the mission
//	invented      a recorded end that no execution in the soldiers' journals had
//	cancel_lost   a cancel was accepted, and the mission ended FAILED
//	crashed       one of our programs died by itself
//	odd_answer    a call was answered with an error that nothing broken explains
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
// Under a wipe the design promises less, see wiped.go.
package check
