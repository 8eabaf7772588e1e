// Package e2e holds the tests of the whole: real programs, real RabbitMQ and Redis, a real browser.
//
// Each test runs a stack of its own, as `missionctl up` would, in a temporary folder on free ports. They look at it as
// its users do: over HTTP, through the page, and in the soldiers' journals. They need redis-server and
// rabbitmq-server; the browser's journey also needs Chromium or Chrome on PATH and the dashboard's web app built (./task
// build). The dashboard in odd places (TestOddPlaces) needs no server: it stands before a stack in memory, in this process.
// What is missing skips its tests, and fails them with CI=true.
package e2e
