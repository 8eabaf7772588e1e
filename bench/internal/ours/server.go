package ours

import "github.com/mission-control-dev/mission-control/contracts/client"

// URL is the first commander's.
func (o *Ours) URL() string { return o.urls()[0] }

// Client asks the first commander.
func (o *Ours) Client() *client.Client { return o.client }

// RedisAddr is where Redis listens.
func (o *Ours) RedisAddr() string { return o.redis.Addr() }

// EnrollmentKey is what soldiers enrol with.
func (o *Ours) EnrollmentKey() string { return enrollmentKey }
