// Package contracts is the language that the parts of Mission Control speak: the mission and its states, and the
// messages that travel between commander and soldiers. It imports the standard library alone, so that any service can
// reuse it.
//
// # Vocabulary
//
// A mission is the job. An order is the message that dispatches it. An attempt is one try, as the retry policy counts.
// A run (a number that only grows) and an execution (a random id) name one soldier's grant to carry the mission out.
// A status update is what a soldier reports. A soldier is a worker, a session is one life of a soldier process. The
// commander keeps the truth. A handler is the code for a mission's kind. A squad is a named group of soldiers.
//
// # What travels where
//
//	commander --Order-------> orders_queue --------> soldier     at least once; the claim decides who works
//	soldier   --StatusPack--> status_queue --------> commander   claims (IN_PROGRESS) and finals, signed by a token
//	soldier   --RenewalMessage> status_queue ------> commander   the lease, while HTTP fails
//	commander --AnswerPack--> the session's inbox -> soldier     granted, refused, recorded, stop; may be lost
//
// # Guarantees a reader may build on
//
// An order may come twice or after its mission ended: it grants nothing. Only a Ticket, answered to a claim, is the
// right to work, and it carries a MAC that only commanders can make. A final may be sent many times; it is recorded
// once. Readers accept messages of this Version and the one before, and ignore fields that they don't know.
//
// Times are UTC with milliseconds (see Time). All of them come from the commanders' clock: a soldier's own is the
// token's issue time plus the monotonic time since it asked for the token.
package contracts
