package contracts

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// reader reads orders, status packs, answer packs and telemetry packs as Encode writes them: no space between tokens, no escapes in
// strings, no field that it does not know, no null. It gives up at anything else, and the message is then read by
// encoding/json, which decides what is right. So all that reader has to be is right about what it accepts.
//
// These are the messages of every mission, and this way they are read in a ninth of the time (BenchmarkDecode):
// encoding/json reads each byte twice, finds fields by reflection, and hands each time to an UnmarshalJSON. A library
// would have to be one of services that read our messages, too. See ADR 0027.
type reader struct {
	body []byte
	at   int  // how much of it is read
	bad  bool // give up

	texts strings.Builder // where short texts are kept together
	known [32]string      // short texts that came before, by their looks
}

// quickly reads body by f, and tells whether that read all of it.
func quickly(body []byte, f func(r *reader)) bool {
	r := reader{body: body}
	f(&r)
	return !r.bad && r.at == len(body)
}

func (r *reader) giveUp() { r.bad, r.at = true, len(r.body) }

// token takes one byte of punctuation if it is next.
func (r *reader) token(c byte) bool {
	if r.at == len(r.body) || r.body[r.at] != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) want(c byte) {
	if !r.token(c) {
		r.giveUp()
	}
}

// first begins an object and returns the name of its first field, or nil where it is empty.
func (r *reader) first() []byte {
	r.want('{')
	if r.token('}') {
		return nil
	}
	return r.name()
}

// next returns the name of the next field, or nil at the object's end.
func (r *reader) next() []byte {
	if r.token(',') {
		return r.name()
	}
	r.want('}')
	return nil
}

func (r *reader) name() []byte {
	name := r.quoted()
	r.want(':')
	if r.bad {
		return nil
	}
	return name
}

// each reads an array.
func (r *reader) each(element func()) {
	r.want('[')
	if r.token(']') {
		return
	}
	for element(); r.token(','); element() { //nolint:revive // the loop is all there is
	}
	r.want(']')
}

// alike returns how many elements follow, about, if they are as long as the one that was just read, from start on.
func (r *reader) alike(start, most int) int {
	return min((len(r.body)-r.at)/max(r.at-start, 1), most)
}

// quoted returns what stands between quotes. It is not nil unless given up.
func (r *reader) quoted() []byte {
	r.want('"')
	start := r.at
	ascii := true
	for end := start + plainASCII(r.body[start:]); end < len(r.body); end++ {
		switch c := r.body[end]; {
		case c == '"':
			s := r.body[start:end:end]
			r.at = end + 1
			if !ascii && !utf8.Valid(s) {
				break
			}
			return s
		case c >= utf8.RuneSelf:
			ascii = false
			continue
		case c >= ' ' && c != '\\':
			continue
		}
		break
	}
	r.giveUp()
	return nil
}

const (
	shortText = 64  // ids and words
	textChunk = 128 // so much memory is kept for the sake of one short text, at most
)

// text returns what is quoted, as a string. Short ones share memory, and one that came before is not made again: a pack says
// most words many times, and an id three times.
func (r *reader) text() string {
	s := r.quoted()
	if len(s) == 0 || len(s) > shortText {
		return string(s)
	}
	known := &r.known[(7*len(s)+int(s[0])+int(s[len(s)-1]))%len(r.known)]
	if *known != string(s) {
		if r.texts.Cap()-r.texts.Len() < len(s) {
			r.texts = strings.Builder{}
			r.texts.Grow(textChunk)
		}
		r.texts.Write(s)
		*known = r.texts.String()[r.texts.Len()-len(s):]
	}
	return *known
}

// integer reads at most 18 digits, which fit into an int64.
func (r *reader) integer() int64 {
	negative := r.token('-')
	n, digits, rest := int64(0), 0, r.body[r.at:]
	for digits < len(rest) && '0' <= rest[digits] && rest[digits] <= '9' && digits <= 18 {
		n = 10*n + int64(rest[digits]-'0')
		digits++
	}
	if digits == 0 || digits > 18 || rest[0] == '0' && (digits > 1 || negative) {
		r.giveUp()
		return 0
	}
	r.at += digits // what would make it no integer is no punctuation
	if negative {
		n = -n
	}
	return n
}

func (r *reader) int() int {
	n := r.integer()
	if int64(int(n)) != n {
		r.giveUp()
	}
	return int(n)
}

func (r *reader) bool() bool {
	for _, word := range []string{"true", "false"} {
		if bytes.HasPrefix(r.body[r.at:], []byte(word)) {
			r.at += len(word)
			return word == "true"
		}
	}
	r.giveUp()
	return false
}

// time reads a time as Time writes it.
func (r *reader) time() Time {
	s := r.quoted()
	if len(s) != len("2006-01-02T15:04:05.000Z") ||
		s[4] != '-' || s[7] != '-' || s[10] != 'T' || s[13] != ':' || s[16] != ':' || s[19] != '.' || s[23] != 'Z' {
		r.giveUp()
		return Time{}
	}
	number := func(digits []byte) int {
		n := 0
		for _, c := range digits {
			if c < '0' || c > '9' {
				r.giveUp()
				return 0
			}
			n = 10*n + int(c-'0')
		}
		return n
	}
	year, month, day := number(s[:4]), number(s[5:7]), number(s[8:10])
	hour, minute, second, ms := number(s[11:13]), number(s[14:16]), number(s[17:19]), number(s[20:23])
	t := time.Date(year, time.Month(month), day, hour, minute, second, ms*int(time.Millisecond), time.UTC)
	// Date carries what is out of range over, so that another day comes of it.
	if y, m, d := t.Date(); year < 1 || hour > 23 || minute > 59 || second > 59 || y != year || int(m) != month || d != day {
		r.giveUp()
		return Time{}
	}
	return Time{t}
}

// maxQuickDepth is far below the depth at which encoding/json refuses a message.
const maxQuickDepth = 256

// raw returns a copy of an object, an array or a string as it stands.
func (r *reader) raw() json.RawMessage {
	n := extent(r.body[r.at:])
	value := r.body[r.at : r.at+n]
	if n == 0 || !json.Valid(value) {
		r.giveUp()
		return nil
	}
	r.at += n
	return bytes.Clone(value)
}

// extent returns how long the value at the start of b is, if it is one and valid; 0 where it can't tell.
func extent(b []byte) int {
	depth, inString := 0, false
	for i := 0; i < len(b); i++ {
		c := b[i]
		switch {
		case inString && c == '\\':
			i++
			continue
		case c == '"':
			inString = !inString
		case inString:
			continue
		case c == '{' || c == '[':
			if depth++; depth > maxQuickDepth {
				return 0
			}
			continue
		case c == '}' || c == ']':
			depth--
		case depth <= 0:
			return 0 // a number, a word or a space
		}
		if depth <= 0 && !inString {
			return i + 1
		}
	}
	return 0
}

func (r *reader) header(h *Header, name []byte) {
	switch string(name) {
	case "v":
		h.V = r.int()
	case "type":
		h.Type = r.messageType()
	default:
		r.giveUp()
	}
}

func (r *reader) messageType() MessageType {
	s := r.quoted()
	for _, t := range [...]MessageType{TypeStatus, TypeOrder, TypeOrders, TypeAnswers} {
		if string(s) == string(t) {
			return t
		}
	}
	return MessageType(s)
}

func (r *reader) order(o *Order) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "mission":
			r.mission(&o.Mission)
		case "dispatch":
			o.Dispatch = r.integer()
		case "dispatched_at":
			o.DispatchedAt = r.time()
		case "seal":
			o.Seal = r.text()
		default:
			r.header(&o.Header, name)
		}
	}
}

func (r *reader) orderPack(p *OrderPack) {
	for name := r.first(); name != nil; name = r.next() {
		if string(name) != "orders" {
			r.header(&p.Header, name)
			continue
		}
		if p.Orders != nil {
			r.giveUp()
			return
		}
		p.Orders = []Order{}
		r.each(func() {
			p.Orders = append(p.Orders, Order{})
			start := r.at
			r.order(&p.Orders[len(p.Orders)-1])
			if len(p.Orders) == 1 {
				p.Orders = slices.Grow(p.Orders, r.alike(start, MaxPackedOrders))
			}
		})
	}
}

//nolint:cyclop,funlen // a line for each field
func (r *reader) mission(m *Mission) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "mission_id":
			m.MissionID = r.text()
		case "name":
			m.Name = r.text()
		case "kind":
			m.Kind = r.text()
		case "payload":
			m.Payload = r.raw()
		case "priority":
			m.Priority = Priority(r.text())
		case "squad":
			m.Squad = r.text()
		case "labels":
			r.labels(m)
		case "concurrency_key":
			m.ConcurrencyKey = r.text()
		case "unique_key":
			m.UniqueKey = r.text()
		case "status":
			m.Status = Status(r.text())
		case "status_reason":
			m.StatusReason = r.text()
		case "cancel_requested":
			m.CancelRequested = r.bool()
		case "attempt":
			m.Attempt = r.int()
		case "max_attempts":
			m.MaxAttempts = r.int()
		case "run":
			m.Run = r.integer()
		case "losses":
			m.Losses = r.int()
		case "timeout_seconds":
			m.TimeoutSeconds = r.int()
		case "retry":
			r.retry(m)
		case "progress":
			m.Progress = r.int()
		case "soldier_id":
			m.SoldierID = r.text()
		case "result":
			m.Result = r.raw()
		case "error":
			m.Error = r.missionError(m.Error)
		case "created_at":
			m.CreatedAt = r.time()
		case "updated_at":
			m.UpdatedAt = r.time()
		case "run_at":
			m.RunAt = r.time()
		case "deadline_at":
			m.DeadlineAt = r.time()
		case "started_at":
			m.StartedAt = r.time()
		case "finished_at":
			m.FinishedAt = r.time()
		case "version":
			m.Version = r.integer()
		default:
			r.giveUp()
		}
	}
}

func (r *reader) labels(m *Mission) {
	if m.Labels == nil {
		m.Labels = map[string]string{}
	}
	for name := r.first(); name != nil; name = r.next() {
		key := string(name)
		m.Labels[key] = r.text()
	}
}

// retry is rare, so that encoding/json may read it.
func (r *reader) retry(m *Mission) {
	if raw := r.raw(); json.Unmarshal(raw, &m.Retry) != nil {
		r.giveUp()
	}
}

// missionError reads an error. A field that comes twice is read into what there is, as encoding/json does.
func (r *reader) missionError(e *MissionError) *MissionError {
	if e == nil {
		e = &MissionError{}
	}
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "code":
			e.Code = r.text()
		case "message":
			e.Message = r.text()
		default:
			r.giveUp()
		}
	}
	return e
}

func (r *reader) ticket(t *Ticket) *Ticket {
	if t == nil {
		t = &Ticket{}
	}
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "mission_id":
			t.MissionID = r.text()
		case "attempt":
			t.Attempt = r.int()
		case "run":
			t.Run = r.integer()
		case "execution":
			t.Execution = r.text()
		case "session":
			t.Session = r.text()
		case "cancel":
			t.Cancel = r.bool()
		case "mac":
			t.MAC = r.text()
		default:
			r.giveUp()
		}
	}
	return t
}

func (r *reader) statusPack(p *StatusPack) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "token":
			p.Token = r.text()
		case "sent_at":
			p.SentAt = r.time()
		case "inbox":
			p.Inbox = r.text()
		case "updates":
			if p.Updates != nil {
				r.giveUp() // encoding/json reads a list that comes twice in a way of its own
				return
			}
			p.Updates = []Update{}
			r.each(func() {
				p.Updates = append(p.Updates, Update{})
				start := r.at
				r.update(&p.Updates[len(p.Updates)-1])
				if len(p.Updates) == 1 {
					p.Updates = slices.Grow(p.Updates, r.alike(start, MaxPackedUpdates))
				}
			})
		default:
			r.header(&p.Header, name)
		}
	}
}

func (r *reader) update(u *Update) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "status":
			u.Status = UpdateStatus(r.text())
		case "mission_id":
			u.MissionID = r.text()
		case "attempt":
			u.Attempt = r.int()
		case "execution":
			u.Execution = r.text()
		case "redelivered":
			u.Redelivered = r.bool()
		case "dispatched_at":
			u.DispatchedAt = r.time()
		case "ticket":
			u.Ticket = r.ticket(u.Ticket)
		case "mission":
			if u.Mission == nil {
				u.Mission = &Mission{}
			}
			r.mission(u.Mission)
		case "seal":
			u.Seal = r.text()
		case "result":
			u.Result = r.raw()
		case "error":
			u.Error = r.missionError(u.Error)
		case "no_retry":
			u.NoRetry = r.bool()
		case "retry_after_ms":
			u.RetryAfter = r.integer()
		case "made_at":
			u.MadeAt = r.time()
		default:
			r.giveUp()
		}
	}
}

func (r *reader) telemetryPack(p *TelemetryPack) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "token":
			p.Token = r.text()
		case "sent_at":
			p.SentAt = r.time()
		case "reports":
			if p.Reports != nil {
				r.giveUp()
				return
			}
			p.Reports = []Report{}
			r.each(func() {
				p.Reports = append(p.Reports, Report{})
				r.report(&p.Reports[len(p.Reports)-1])
			})
		default:
			r.header(&p.Header, name)
		}
	}
}

func (r *reader) report(p *Report) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "seq":
			p.Seq = r.integer()
		case "ticket":
			r.ticket(&p.Ticket)
		case "progress":
			if p.Progress == nil {
				p.Progress = &Progress{}
			}
			r.progress(p.Progress)
		case "before":
			p.Before = r.integer()
		case "lines":
			if p.Lines != nil {
				r.giveUp()
				return
			}
			p.Lines = []LogLine{}
			r.each(func() {
				p.Lines = append(p.Lines, LogLine{})
				r.logLine(&p.Lines[len(p.Lines)-1])
			})
		default:
			r.giveUp()
		}
	}
}

func (r *reader) progress(p *Progress) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "percent":
			p.Percent = r.int()
		case "text":
			p.Text = r.text()
		default:
			r.giveUp()
		}
	}
}

func (r *reader) logLine(l *LogLine) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "at":
			l.At = r.time()
		case "level":
			l.Level = LogLevel(r.text())
		case "text":
			l.Text = r.text()
		case "cut":
			l.Cut = r.bool()
		default:
			r.giveUp()
		}
	}
}

func (r *reader) answerPack(p *AnswerPack) {
	for name := r.first(); name != nil; name = r.next() {
		if string(name) != "answers" {
			r.header(&p.Header, name)
			continue
		}
		if p.Answers != nil {
			r.giveUp()
			return
		}
		p.Answers = []Answer{}
		r.each(func() {
			p.Answers = append(p.Answers, Answer{})
			start := r.at
			r.answer(&p.Answers[len(p.Answers)-1])
			if len(p.Answers) == 1 {
				p.Answers = slices.Grow(p.Answers, r.alike(start, MaxPackedUpdates))
			}
		})
	}
}

func (r *reader) answer(a *Answer) {
	for name := r.first(); name != nil; name = r.next() {
		switch string(name) {
		case "type":
			a.Type = AnswerType(r.text())
		case "mission_id":
			a.MissionID = r.text()
		case "execution":
			a.Execution = r.text()
		case "ticket":
			a.Ticket = r.ticket(a.Ticket)
		case "reason":
			a.Reason = r.text()
		case "left_ms":
			a.Left = r.integer()
		default:
			r.giveUp()
		}
	}
}
