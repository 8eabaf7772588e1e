// Package health knows how Redis and RabbitMQ are, without making anybody wait for it.
//
// Each of the two is asked once a second by its own goroutine, with a real round trip that is given one second. So a
// report is never older than two seconds, is there at once, and a hanging server costs one waiting goroutine, not one
// for each request.
//
// What counts as up is what this commander needs: RabbitMQ is down too while it blocks publishing, or while a
// subscription that should stand doesn't. A subscription that was given up on purpose, because Redis is away, is
// excused: it is Redis' fault, and said there.
//
// A RabbitMQ with a warning is up, and the whole is degraded: messages may be lost if nobody reads it.
//
// On the embedded ground there is neither. The same round trips are made to what stands in for them in this process, and
// an answer is reported as not_used instead of up.
//
//	redis up, rabbitmq up   ok
//	one of them away        degraded: still serving
//	both away, or not yet   down
package health
