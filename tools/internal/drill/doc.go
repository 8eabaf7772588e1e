// Package drill launches many missions at once and finds out what became of them: whether the commander kept its
// promises while servers were stopped, connections cut and processes killed.
//
//	submitters --POST, one key a mission--> commander       until it is accepted, refused, or the deadline comes
//	follower   --SSE-----------------------> book           what changed
//	prober     --GET, paced----------------> book           missions that the follower heard nothing of
//	readers    --GET, paced----------------> counts         whether reads are answered throughout (only if asked for)
//	then: confirm by GET, read the journals, verdict.Evaluate
//
// The drill trusts nobody. A mission counts as accepted only after a 202, as ended only after the commander said so, and
// each is read once more when all is over; how often handlers really ran is in the soldiers' journals alone.
//
// What may fail: everything but this process. A commander that is away, answers 503, or cuts connections is asked again
// until Config.Deadline; every submission has one idempotency key, so that asking again can't make two missions of one.
package drill
