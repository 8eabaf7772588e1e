// Package verdict judges a drill: what the commander promised, what became of each mission, and what the soldiers'
// journals say was really done. It is pure, so that the cases that must never happen can be written down as tables.
//
// # What is a fault
//
//	lost            accepted, and not ended by the drill's end, or 404 afterwards
//	not_accepted    the commander never took it, though the drill kept asking until its deadline
//	doubled         started again though the execution before was neither handed back nor cut short by its process's death
//	overlapping     two executions worked at the same time
//	unexecuted      COMPLETED, but no execution in the journals completed
//	changed         it ended, and had another status afterwards
//	read_failed     the commander answered a read with 404 or 5xx
//	reran           only under Strict: started again for a good reason
//
// # When a second start is right
//
// The first one was cut short: its start has no end, and its process is gone. Or it was handed back (RELEASED), or it
// FAILED and the next is a later attempt. The journals alone prove it; nobody's word is taken.
package verdict
