// Package metrics counts what the commander does, for Prometheus.
//
// It has a registry of its own: nothing that another library registers by itself gets in, and two commanders in one
// process (tests, the embedded ground) don't meet. All labels have few values, known beforehand: statuses, reasons,
// queue names, route templates; never an id or a path.
//
// Counts of missions by status and queue depths are asked for at the scrape, within a second. What can't be had then is
// left out of that scrape: a gap says more than a stale number.
package metrics
