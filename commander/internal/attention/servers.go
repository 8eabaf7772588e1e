package attention

import (
	"fmt"

	"github.com/mission-control-dev/mission-control/commander/internal/health"
	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// redis says that Redis is away, or what it warns of.
func redis(p Picture) ([]contracts.AttentionItem, bool) {
	c := p.Health.Is.Checks.Redis
	if !p.Health.Known || c.CheckedAt.IsZero() && c.Status == health.CheckDown {
		return nil, false // not looked at yet
	}
	switch c.Status {
	case health.CheckDown:
		means := "Missions can be ordered without an Idempotency-Key: RabbitMQ keeps them. What runs goes on, and nothing starts. What is shown is from memory."
		if p.Health.Is.Checks.RabbitMQ.Status == health.CheckDown {
			means = "RabbitMQ is away as well, so nothing can be ordered. What runs goes on, and nothing starts. What is shown is from memory."
		}
		return []contracts.AttentionItem{{
			ID: string(contracts.AttentionRedisAway), Code: contracts.AttentionRedisAway, Severity: contracts.SeverityCritical, Since: c.Since,
			Title:  "Redis is away",
			Detail: fmt.Sprintf("%s: %s %s", p.lasting(c.Since), sentence(c.Error), means),
			Advice: "Start Redis again, or mend the way to it (REDIS_URL). Its log says why it ended; a full disk or too little memory is the usual reason. All goes on by itself within 2 s of its return.",
		}}, true
	case health.CheckWarn:
		return []contracts.AttentionItem{{
			ID: string(contracts.AttentionRedisWarning), Code: contracts.AttentionRedisWarning, Severity: contracts.SeverityWarning, Since: c.Since,
			Title: "Redis works, with a warning", Detail: sentence(c.Warning), Advice: "Do what the warning says. Until then what was accepted may be lost.",
		}}, true
	}
	return nil, true
}

// rabbitMQ says that RabbitMQ is away, or what is wrong with it.
func rabbitMQ(p Picture) ([]contracts.AttentionItem, bool) {
	c := p.Health.Is.Checks.RabbitMQ
	if !p.Health.Known || c.CheckedAt.IsZero() && c.Status == health.CheckDown {
		return nil, false // not looked at yet
	}
	switch c.Status {
	case health.CheckDown:
		means := "Redis keeps what is ordered, and missions wait as QUEUED. What runs goes on; soldiers keep its results."
		if p.Health.Is.Checks.Redis.Status == health.CheckDown {
			means = "Redis is away as well, so nothing can be ordered. What runs goes on; soldiers keep its results."
		}
		return []contracts.AttentionItem{{
			ID: string(contracts.AttentionRabbitMQAway), Code: contracts.AttentionRabbitMQAway, Severity: contracts.SeverityCritical, Since: c.Since,
			Title:  "RabbitMQ is away",
			Detail: fmt.Sprintf("%s: %s %s", p.lasting(c.Since), sentence(c.Error), means),
			Advice: "Start RabbitMQ again, or mend the way to it (RABBITMQ_URL). Where it blocks publishing, give it disk or memory. All goes on by itself within 2 s of its return.",
		}}, true
	case health.CheckWarn:
		return []contracts.AttentionItem{{
			ID: string(contracts.AttentionRabbitMQWarning), Code: contracts.AttentionRabbitMQWarning, Severity: contracts.SeverityWarning, Since: c.Since,
			Title: "RabbitMQ works, with a warning", Detail: sentence(c.Warning), Advice: "Do what the warning says. Until then orders may be lost or late.",
		}}, true
	}
	return nil, true
}

// submissionsKept says that missions were accepted and are not created yet.
func submissionsKept(p Picture) ([]contracts.AttentionItem, bool) {
	if !p.Depths.Known {
		return nil, false
	}
	n := int64(p.Depths.Is[topology.Submissions])
	if n == 0 {
		return nil, true
	}
	item := contracts.AttentionItem{
		ID: string(contracts.AttentionSubmissionsKept), Code: contracts.AttentionSubmissionsKept, Severity: contracts.SeverityWarning, Count: n,
		Title: "RabbitMQ keeps " + count(n, "submission") + " for Redis",
	}
	if p.Health.Is.Checks.Redis.Status == health.CheckDown {
		item.Detail = "They were accepted, and become missions once Redis is back. Reading one is 503 not_created_yet until then."
		item.Advice = "Bring Redis back. Nothing needs to be ordered again."
	} else {
		item.Severity = contracts.SeverityInfo
		item.Detail = "They were accepted while Redis was away, and are being created now."
		item.Advice = "Wait. Where the number stays, read the commanders' log, and look at what was set aside in " + topology.SubmissionsRefused + "."
	}
	return []contracts.AttentionItem{item}, true
}
