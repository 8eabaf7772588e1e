package explore

import (
	"fmt"
	"strings"
)

// How a trace tells things.

func (m record) String() string {
	text := fmt.Sprintf("%s attempt %d run %d", statuses[m.Status], m.Attempt, m.Run)
	if m.Exec != 0 {
		text += fmt.Sprintf(" execution %d session %d", m.Exec, m.Sess)
	}
	if m.Due != 0 {
		text += " due"
	}
	if m.Cancel != 0 {
		text += " cancel requested"
	}
	return text
}

func (m message) String() string {
	switch m.Kind {
	case claim:
		return fmt.Sprintf("the claim of mission %d attempt %d by session %d, execution %d, redelivered %d", m.Mission, m.Attempt, m.Sess, m.Exec, m.Redelivered)
	case final:
		return fmt.Sprintf("the final %s of mission %d attempt %d run %d by session %d, execution %d", ends[m.End], m.Mission, m.Attempt, m.Run, m.Sess, m.Exec)
	default:
		return fmt.Sprintf("a renewal of session %d", m.Sess)
	}
}

func (a answer) String() string {
	return fmt.Sprintf("%s for execution %d of mission %d", [...]string{"", "granted", "refused", "session_dead", "recorded", "stop"}[a.Kind], a.Exec, a.Mission)
}

func (r reply) String() string {
	if r.Dead != 0 {
		return "dead"
	}
	text := []string{"no lease"}
	if r.Lease != 0 {
		text[0] = "lease"
	}
	if r.Stop != 0 {
		text = append(text, fmt.Sprintf("stop execution %d (superseded %d)", r.Stop, r.Superseded))
	}
	for _, e := range r.Recorded {
		if e != 0 {
			text = append(text, fmt.Sprintf("execution %d is recorded", e))
		}
	}
	if r.Unlisted.Exec != 0 {
		text = append(text, fmt.Sprintf("execution %d is unlisted", r.Unlisted.Exec))
	}
	return strings.Join(text, ", ")
}
