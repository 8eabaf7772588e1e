package contracts

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"unicode/utf8"
)

// writer writes orders and packs of them, status packs, answer packs and telemetry packs, byte for byte as encoding/json does (see encode), in a third of the
// time: it needs no reflection, and what it writes of its own need not be read again to see whether it is JSON. Strings that
// need escapes, and what is rare, are written by encoding/json; a raw value that is no JSON makes it give up, and
// encoding/json says what is wrong. See ADR 0029.
type writer struct {
	b   []byte
	bad bool // give up
}

// newWriter returns a writer with room for so many bytes; more is no mistake.
func newWriter(room int) *writer { return &writer{b: make([]byte, 0, room)} }

// lit writes what is JSON already: punctuation and the names of fields.
func (w *writer) lit(s string) {
	if end := len(w.b) + len(s); end <= cap(w.b) {
		copy(w.b[len(w.b):end], s)
		w.b = w.b[:end] // no pointer is written, which would cost as much while garbage is collected
		return
	}
	w.b = append(w.b, s...)
}

// slowly writes what there is no short way for.
func (w *writer) slowly(v any) {
	b, err := encode(v)
	w.bad = w.bad || err != nil
	w.b = append(w.b, b...)
}

// plain tells whether b stands in JSON as it is. Two of Unicode's characters end a line in JavaScript, and are escaped.
func plain(b []byte) bool {
	n := plainASCII(b)
	if n == len(b) {
		return true
	}
	for _, c := range b[n:] {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return utf8.Valid(b) && !bytes.ContainsAny(b, "\u2028\u2029")
}

// plainASCII returns how much of the start of b is ASCII that stands in a JSON string as it is. It looks at eight bytes at once.
func plainASCII(b []byte) int {
	const each = 0x0101010101010101 // times a byte: that byte eight times
	n := 0
	for ; n+8 <= len(b); n += 8 {
		x := binary.LittleEndian.Uint64(b[n:])
		quote, slash := x^each*'"', x^each*'\\'
		// The high bit of the first byte that is no plain ASCII is set, and of none before: no borrow comes from those.
		other := (x | (x-each*' ')&^x | (quote-each)&^quote | (slash-each)&^slash) & (each * 0x80)
		if other != 0 {
			return n + bits.TrailingZeros64(other)/8
		}
	}
	for n < len(b) && b[n] >= ' ' && b[n] < utf8.RuneSelf && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

// The first parameter of these is what stands before the value.

func (w *writer) text(name, s string) {
	w.lit(name)
	start := len(w.b)
	w.b = append(w.b, '"')
	w.lit(s)
	if !plain(w.b[start+1:]) {
		w.b = w.b[:start]
		w.slowly(s)
		return
	}
	w.b = append(w.b, '"')
}

func (w *writer) someText(name, s string) {
	if s != "" {
		w.text(name, s)
	}
}

func (w *writer) integer(name string, n int64) {
	w.lit(name)
	w.b = strconv.AppendInt(w.b, n, 10)
}

func (w *writer) int(name string, n int) { w.integer(name, int64(n)) }

func (w *writer) flag(name string, is bool) { //nolint:revive // it is what is written
	if is {
		w.lit(name)
		w.lit("true")
	}
}

// raw writes JSON without its space.
func (w *writer) raw(name string, v json.RawMessage) {
	if len(v) == 0 {
		return
	}
	w.lit(name)
	b := bytes.NewBuffer(w.b)
	w.bad = w.bad || json.Compact(b, v) != nil
	w.b = b.Bytes()
}

func (w *writer) time(name string, t Time) {
	w.lit(name)
	if t.IsZero() {
		w.lit("null")
		return
	}
	u := t.UTC()
	year, month, day := u.Date()
	if year < 0 || year > 9999 {
		w.slowly(t)
		return
	}
	hour, minute, second := u.Clock()
	w.b = append(w.b, '"')
	w.digits(year, 4)
	w.b = append(w.b, '-')
	w.digits(int(month), 2)
	w.b = append(w.b, '-')
	w.digits(day, 2)
	w.b = append(w.b, 'T')
	w.digits(hour, 2)
	w.b = append(w.b, ':')
	w.digits(minute, 2)
	w.b = append(w.b, ':')
	w.digits(second, 2)
	w.b = append(w.b, '.')
	w.digits(u.Nanosecond()/1e6, 3)
	w.lit(`Z"`)
}

func (w *writer) someTime(name string, t Time) {
	if !t.IsZero() {
		w.time(name, t)
	}
}

// digits writes the last so many digits of n.
func (w *writer) digits(n, count int) {
	for range count {
		w.b = append(w.b, 0)
	}
	for i := range count {
		w.b[len(w.b)-1-i] = byte('0' + n%10)
		n /= 10
	}
}

func (w *writer) header(h Header) {
	w.int(`{"v":`, h.V)
	w.text(`,"type":`, string(h.Type))
}

func (w *writer) order(o *Order) {
	w.header(o.Header)
	w.mission(`,"mission":`, &o.Mission)
	w.integer(`,"dispatch":`, o.Dispatch)
	w.time(`,"dispatched_at":`, o.DispatchedAt)
	w.someText(`,"seal":`, o.Seal)
	w.lit("}")
}

func (w *writer) mission(name string, m *Mission) {
	w.lit(name)
	w.text(`{"mission_id":`, m.MissionID)
	w.text(`,"name":`, m.Name)
	w.text(`,"kind":`, m.Kind)
	w.raw(`,"payload":`, m.Payload)
	w.text(`,"priority":`, string(m.Priority))
	w.text(`,"squad":`, m.Squad)
	w.labels(m.Labels)
	w.someText(`,"concurrency_key":`, m.ConcurrencyKey)
	w.someText(`,"unique_key":`, m.UniqueKey)
	w.text(`,"status":`, string(m.Status))
	w.someText(`,"status_reason":`, m.StatusReason)
	w.flag(`,"cancel_requested":`, m.CancelRequested)
	w.int(`,"attempt":`, m.Attempt)
	w.int(`,"max_attempts":`, m.MaxAttempts)
	w.integer(`,"run":`, m.Run)
	w.int(`,"losses":`, m.Losses)
	w.int(`,"timeout_seconds":`, m.TimeoutSeconds)
	if m.Retry != nil {
		w.lit(`,"retry":`)
		w.slowly(m.Retry)
	}
	w.int(`,"progress":`, m.Progress)
	w.someText(`,"soldier_id":`, m.SoldierID)
	w.raw(`,"result":`, m.Result)
	w.missionError(m.Error)
	w.time(`,"created_at":`, m.CreatedAt)
	w.time(`,"updated_at":`, m.UpdatedAt)
	w.someTime(`,"run_at":`, m.RunAt)
	w.someTime(`,"deadline_at":`, m.DeadlineAt)
	w.someTime(`,"started_at":`, m.StartedAt)
	w.someTime(`,"finished_at":`, m.FinishedAt)
	w.integer(`,"version":`, m.Version)
	w.lit("}")
}

func (w *writer) labels(labels map[string]string) {
	if len(labels) == 0 {
		return
	}
	before := `,"labels":{`
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		w.text(before, key)
		w.text(":", labels[key])
		before = ","
	}
	w.lit("}")
}

func (w *writer) missionError(e *MissionError) {
	if e == nil {
		return
	}
	w.text(`,"error":{"code":`, e.Code)
	w.text(`,"message":`, e.Message)
	w.lit("}")
}

func (w *writer) ticket(t *Ticket) {
	if t == nil {
		return
	}
	w.text(`,"ticket":{"mission_id":`, t.MissionID)
	w.int(`,"attempt":`, t.Attempt)
	w.integer(`,"run":`, t.Run)
	w.text(`,"execution":`, t.Execution)
	w.text(`,"session":`, t.Session)
	w.flag(`,"cancel":`, t.Cancel)
	w.text(`,"mac":`, t.MAC)
	w.lit("}")
}

func (w *writer) orderPack(p *OrderPack) {
	w.header(p.Header)
	w.lit(`,"orders":`)
	list(w, p.Orders, w.order)
	w.lit("}")
}

func (w *writer) statusPack(p *StatusPack) {
	w.header(p.Header)
	w.text(`,"token":`, p.Token)
	w.time(`,"sent_at":`, p.SentAt)
	w.someText(`,"inbox":`, p.Inbox)
	w.lit(`,"updates":`)
	list(w, p.Updates, w.update)
	w.lit("}")
}

func (w *writer) update(u *Update) {
	w.text(`{"status":`, string(u.Status))
	w.text(`,"mission_id":`, u.MissionID)
	w.int(`,"attempt":`, u.Attempt)
	w.someText(`,"execution":`, u.Execution)
	w.flag(`,"redelivered":`, u.Redelivered)
	w.someTime(`,"dispatched_at":`, u.DispatchedAt)
	w.ticket(u.Ticket)
	if u.Mission != nil {
		w.mission(`,"mission":`, u.Mission)
	}
	w.someText(`,"seal":`, u.Seal)
	w.raw(`,"result":`, u.Result)
	w.missionError(u.Error)
	w.flag(`,"no_retry":`, u.NoRetry)
	if u.RetryAfter != 0 {
		w.integer(`,"retry_after_ms":`, u.RetryAfter)
	}
	w.time(`,"made_at":`, u.MadeAt)
	w.lit("}")
}

func (w *writer) telemetryPack(p *TelemetryPack) {
	w.header(p.Header)
	w.text(`,"token":`, p.Token)
	w.time(`,"sent_at":`, p.SentAt)
	w.lit(`,"reports":`)
	list(w, p.Reports, w.report)
	w.lit("}")
}

func (w *writer) report(r *Report) {
	w.integer(`{"seq":`, r.Seq)
	w.ticket(&r.Ticket)
	if p := r.Progress; p != nil {
		w.int(`,"progress":{"percent":`, p.Percent)
		w.someText(`,"text":`, p.Text)
		w.lit("}")
	}
	w.integer(`,"before":`, r.Before)
	if len(r.Lines) > 0 {
		w.lit(`,"lines":`)
		list(w, r.Lines, w.logLine)
	}
	w.lit("}")
}

func (w *writer) logLine(l *LogLine) {
	w.time(`{"at":`, l.At)
	w.text(`,"level":`, string(l.Level))
	w.text(`,"text":`, l.Text)
	w.flag(`,"cut":`, l.Cut)
	w.lit("}")
}

func (w *writer) answerPack(p *AnswerPack) {
	w.header(p.Header)
	w.lit(`,"answers":`)
	list(w, p.Answers, w.answer)
	w.lit("}")
}

func (w *writer) answer(a *Answer) {
	w.text(`{"type":`, string(a.Type))
	w.someText(`,"mission_id":`, a.MissionID)
	w.someText(`,"execution":`, a.Execution)
	w.ticket(a.Ticket)
	w.someText(`,"reason":`, a.Reason)
	if a.Left != 0 {
		w.integer(`,"left_ms":`, a.Left)
	}
	if a.Renewal != nil {
		w.lit(`,"renewal":`)
		w.slowly(a.Renewal)
	}
	w.lit("}")
}

func list[T any](w *writer, elements []T, write func(*T)) {
	if elements == nil {
		w.lit("null")
		return
	}
	w.lit("[")
	for i := range elements {
		if i > 0 {
			w.lit(",")
		}
		write(&elements[i])
	}
	w.lit("]")
}

// What messages take beside their longer texts, about.
const (
	packRoom    = 192
	updateRoom  = 232
	answerRoom  = 128
	ticketRoom  = 240
	missionRoom = 384
	reportRoom  = 64
	lineRoom    = 64
)

func (m *Mission) room() int {
	n := missionRoom + len(m.Name) + len(m.Payload) + len(m.Result) + len(m.ConcurrencyKey)
	for key, value := range m.Labels {
		n += len(key) + len(value) + 6
	}
	return n
}

func (o *Order) room() int { return packRoom + len(o.Seal) + o.Mission.room() }

func (p *OrderPack) room() int {
	n := packRoom
	for i := range p.Orders {
		n += p.Orders[i].room()
	}
	return n
}

func (p *StatusPack) room() int {
	n := packRoom + len(p.Token)
	for i := range p.Updates {
		u := &p.Updates[i]
		n += updateRoom + len(u.Seal) + len(u.Result)
		if u.Ticket != nil {
			n += ticketRoom
		}
		if u.Mission != nil {
			n += u.Mission.room()
		}
	}
	return n
}

func (p *TelemetryPack) room() int {
	n := packRoom + len(p.Token)
	for i := range p.Reports {
		r := &p.Reports[i]
		n += reportRoom + ticketRoom
		if r.Progress != nil {
			n += lineRoom + len(r.Progress.Text)
		}
		for k := range r.Lines {
			n += lineRoom + len(r.Lines[k].Text)
		}
	}
	return n
}

func (p *AnswerPack) room() int {
	n := packRoom
	for i := range p.Answers {
		n += answerRoom
		if p.Answers[i].Ticket != nil {
			n += ticketRoom
		}
	}
	return n
}
