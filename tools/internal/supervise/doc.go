// Package supervise keeps the parts of a stack alive: each a process of its own, started, watched, started again when
// it dies, and stopped when the stack stops.
//
//	Start            dies by itself / Kill              ready again
//	  |  ready            |                                |
//	  v                   v                                |
//	stopped -> starting -> running -> waiting (backoff) -> starting
//	  ^                      |            |
//	  +---- Stop, KillAndHold +-----------+
//
// A Service knows how to start and end one process; RabbitMQ's and Redis's come from their own packages, Program is
// for everything else. A Part is a Service with somebody who looks after it.
//
// Authority: only the Part starts and ends its process. On Linux processes die with the supervisor, however that ends.
//
// What may fail: a first start (Start returns the error, with the process's last words, and nobody looks after it); a
// later start is tried again without end, more slowly each time; a process that ignores SIGTERM is killed when its
// grace is over, and Stop says so.
package supervise
