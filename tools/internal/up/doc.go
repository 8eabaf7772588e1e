// Package up is what people see of `missionctl up`: it runs a stack on one of the grounds, tells what it does and how
// far it is, and ends with where everything is and what to try next.
//
// Local runs package localstack in this process; Compose drives `docker compose`, which holds the stack; Embedded runs
// package embedded, which is the stack without servers. All return when the context ends (Ctrl-C) and everything has
// stopped, within ten seconds.
package up
