package contracts

// Limits of telemetry.
const (
	// MaxLogLines and MaxLogBytes are how much of a mission's log is kept, the newest.
	MaxLogLines = 200
	MaxLogBytes = 64 << 10
	// MaxLogText bounds the text of one line; what is longer is cut, and says so.
	MaxLogText = 4 << 10
	// MaxProgressText bounds the text of a progress.
	MaxProgressText = 200
	// MaxPackedReports bounds a TelemetryPack.
	MaxPackedReports = 64
)

// LogLevel is how much a log line matters.
type LogLevel string

// The log levels.
const (
	LevelDebug LogLevel = "debug"
	LevelInfo  LogLevel = "info"
	LevelWarn  LogLevel = "warn"
	LevelError LogLevel = "error"
)

// Valid tells whether it is one of the log levels.
func (l LogLevel) Valid() bool {
	return l == LevelDebug || l == LevelInfo || l == LevelWarn || l == LevelError
}

// Progress is how far an execution has come.
type Progress struct {
	// Percent is 0 to 100.
	Percent int `json:"percent"`
	// Text is for people, at most MaxProgressText bytes.
	Text string `json:"text,omitempty"`
}

// LogLine is what a handler has to say.
type LogLine struct {
	// At is when it was said, in the commanders' time.
	At    Time     `json:"at"`
	Level LogLevel `json:"level"`
	// Text has at most MaxLogText bytes. Cut: it was longer.
	Text string `json:"text"`
	Cut  bool   `json:"cut,omitempty"`
}

// Report is what one execution has reported since the report before.
type Report struct {
	// Seq numbers the execution's reports, from 1: one that was overtaken, or comes twice, is left out.
	Seq int64 `json:"seq"`
	// Ticket is the execution's grant.
	Ticket Ticket `json:"ticket"`
	// Progress is the newest one; nil where it did not change.
	Progress *Progress `json:"progress,omitempty"`
	// Before is how many lines the execution said before those. It tells how many were lost on the way.
	Before int64     `json:"before"`
	Lines  []LogLine `json:"lines,omitempty"`
}

// TelemetryPack is what a soldier publishes on telemetry_queue: what its handlers reported, under one token. Any of it may be
// lost, and nothing waits for it.
type TelemetryPack struct {
	Header
	// Token and SentAt are as in a StatusPack.
	Token   string   `json:"token"`
	SentAt  Time     `json:"sent_at"`
	Reports []Report `json:"reports"`
}

// NewTelemetryPack returns a pack of reports.
func NewTelemetryPack(token string, sentAt Time, reports ...Report) TelemetryPack {
	return TelemetryPack{Header: header(TypeTelemetry), Token: token, SentAt: sentAt, Reports: reports}
}

// Encode returns the pack as JSON.
func (p TelemetryPack) Encode() ([]byte, error) {
	w := newWriter(p.room())
	if w.telemetryPack(&p); w.bad {
		return encode(p)
	}
	return w.b, nil
}

// DecodeTelemetryPack reads a pack. It fails with ErrMalformed, ErrUnknownType or ErrUnsupportedVersion; the token and the
// tickets are not verified here.
func DecodeTelemetryPack(body []byte) (TelemetryPack, error) {
	var p TelemetryPack
	if !quickly(body, func(r *reader) { r.telemetryPack(&p) }) || p.Header.check(TypeTelemetry) != nil {
		p = TelemetryPack{}
		if err := decode(body, TypeTelemetry, &p); err != nil {
			return TelemetryPack{}, err
		}
	}
	switch n := len(p.Reports); {
	case p.Token == "":
		return TelemetryPack{}, malformed("token is missing")
	case p.SentAt.IsZero():
		return TelemetryPack{}, malformed("sent_at is missing")
	case n == 0 || n > MaxPackedReports:
		return TelemetryPack{}, malformed("%d reports, must be 1 to %d", n, MaxPackedReports)
	}
	for i, r := range p.Reports {
		if err := r.check(); err != nil {
			return TelemetryPack{}, malformed("reports[%d]: %v", i, err)
		}
	}
	return p, nil
}

func (r Report) check() error {
	switch p := r.Progress; {
	case !ValidMissionID(r.Ticket.MissionID):
		return malformed("mission_id %q is not a UUID in lower case", r.Ticket.MissionID)
	case r.Seq < 1 || r.Before < 0 || r.Seq > maxTold || r.Before > maxTold:
		return malformed("seq is %d, before %d: must be at least 1 and 0, and at most %d", r.Seq, r.Before, int64(maxTold))
	case len(r.Lines) > MaxLogLines:
		return malformed("%d lines, at most %d", len(r.Lines), MaxLogLines)
	case p != nil && (p.Percent < 0 || p.Percent > 100):
		return malformed("percent is %d, must be 0 to 100", p.Percent)
	case p != nil && len(p.Text) > MaxProgressText:
		return malformed("the progress' text has %d bytes, at most %d", len(p.Text), MaxProgressText)
	}
	for i, l := range r.Lines {
		if !l.Level.Valid() || len(l.Text) > MaxLogText {
			return malformed("lines[%d] has the level %q and %d bytes: must be debug, info, warn or error, and at most %d",
				i, l.Level, len(l.Text), MaxLogText)
		}
	}
	return nil
}

// maxTold bounds what an execution counts: more than a handler can say in years, and exact wherever numbers are doubles.
const maxTold = 1 << 48

// NumberedLine is a line of a mission's log as it is kept.
type NumberedLine struct {
	// Number counts the lines of the mission's runs, from 1. Where one is skipped, lines were lost.
	Number  int64 `json:"number"`
	Attempt int   `json:"attempt"`
	Run     int64 `json:"run"`
	LogLine
}
