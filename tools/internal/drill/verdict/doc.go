// Package verdict judges a drill: what the commander promised, what became of each mission, and what the soldiers'
// journals say was really done. It is pure, so that the cases that must never happen can be written down as tables.
//
// # What is a fault
//
//	lost            accepted, and not ended by the drill's end, or 404 afterwards
//	not_accepted    the commander never took it, though the drill kept asking until its deadline
//	doubled         started again though the execution before was neither handed back nor lost by its process's death
//	overlapping     two executions worked at the same time
//	unexecuted      COMPLETED, but no execution in the journals completed
//	changed         it ended, and had another status afterwards
//	read_failed     the commander answered a read with something else than the mission; no answer is only counted
//	reran           only under Strict: started again for a good reason
//
// # When a second start is right
//
// The process of the first one died: it is gone, and wrote no line after the second one began. Its execution has no end,
// or has one that it could not report any more. Or the mission was handed back (RELEASED), or it FAILED and the next is a
// later attempt. No commander's word is taken for any of it.
package verdict
