// Package localstack is Mission Control's whole stack as processes of this machine: redis, rabbitmq, the commander,
// soldiers and the dashboard, each looked after by package supervise. `missionctl up` runs it for people; drills and
// fault tests run it on free ports in a folder of their own.
//
//	start:  redis + rabbitmq  ->  commander  ->  soldiers + dashboard
//	stop:   soldiers + dashboard  ->  commander  ->  redis + rabbitmq
//
// The order is for people (no needless complaints in the logs), not for correctness: every part stands a start before
// or without the others, and the tests use that. Soldiers stop first so that they can hand back what they run.
//
// All data lies in Config.StateDir and lasts from run to run:
//
//	secrets/   made at the first start, for the owner alone    logs/      one part a file, bounded
//	redis/ rabbitmq/   the servers' data                       journals/  what each soldier says it started and ended
//
// Authority: one stack at a time owns a StateDir; callers that share one take Lock. What may fail: a taken port
// (*PortTakenError names the setting), a missing program or server, a part that does not get ready (the error carries
// its last words). After an error of Start nothing is left running.
package localstack
