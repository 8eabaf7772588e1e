// Package client speaks the commander's HTTP interface: the calls of openapi.yaml as Go methods, on the standard
// library alone.
//
// # What it decides
//
// Nothing about missions: the commander is the truth, and every method returns what it said. The client decides only
// when a call may be made again. Reads may. Submit and SubmitBatch may, because they send an Idempotency-Key, so that a
// second try finds what the first one made. Cancel may, because a second cancel changes nothing. Retry may not.
//
//	Submit, SubmitBatch, Cancel, Purge      tried again while the failure may pass, see Config.Retry
//	Get, List, History, Stats, Soldiers     likewise
//	Retry, OrderBulk                        tried once: a second try could start a second attempt
//	Export                                  tried once: it ends with an error where it is not whole
//	Health                                  tried once: "down" is an answer
//	Events                                  reconnects until its context ends
//	Wait, WaitAll                           follow Events, with a Get now and then
//
// Every call ends with its context, and one try of a call after Config.Timeout. Bound what a caller will wait for by the
// context: four tries of 15 s are a minute.
//
// # What may fail
//
// The commander may refuse (*Problem: it says what to do), may not answer (*UnreachableError), or what answers may be no
// commander (*UnexpectedError). After the context ended, its error is in the chain. Temporary tells whether the same
// call may succeed a moment later. An argument that can't be sent (an empty id, a key with a line end) is an error of its own,
// and nothing is sent.
//
//	var refused *client.Problem
//	switch {
//	case errors.As(err, &refused) && refused.Code == "wrong_status": // it has ended: compare codes, never texts
//	case client.Temporary(err): // put it off; with the same IdempotencyKey a Submit may be repeated for 24 h
//	case err != nil: // give up
//	}
//
// A Client may be used by many goroutines. It starts none of its own that outlive a call.
package client
