// Package cliout is how missionctl talks: where its output goes, how it looks to people and to programs, and what its
// exit codes mean.
//
// What was asked for goes to standard output, all else to standard error. Programs get JSON, whose shape changes only by
// addition; people get tables and sentences that may change. A failure is one line on standard error that says what to
// do.
package cliout
