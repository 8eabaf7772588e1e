package contracts_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mission-control-dev/mission-control/contracts"
)

// Whatever comes over the wire, a decoder gives a message that keeps its promises, or one of three errors.

var (
	uuid  = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	token = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)
)

// seed adds the examples of asyncapi.yaml of one type, and what is like none of them.
func seed(f *testing.F, kind contracts.MessageType) {
	f.Helper()
	for _, body := range examples(f, kind) {
		f.Add(body)
	}
	for _, body := range []string{``, `null`, `[]`, `{}`, `{"v":1}`, `{"v":0,"type":"` + string(kind) + `"}`, `{"v":1,"type":"else"}`, `{"v":1e400}`} {
		f.Add([]byte(body))
	}
}

// refused wants one of the errors that decoders promise, and tells whether there was one.
func refused(t *testing.T, body []byte, err error) bool {
	t.Helper()
	if err == nil {
		return false
	}
	if !errors.Is(err, contracts.ErrMalformed) && !errors.Is(err, contracts.ErrUnknownType) && !errors.Is(err, contracts.ErrUnsupportedVersion) {
		t.Errorf("%q: %v", body, err)
	}
	return true
}

// again decodes what was encoded, and wants the same to be written again: nothing is lost on a second trip.
func again[M interface{ Encode() ([]byte, error) }](t *testing.T, body []byte, m M, decode func([]byte) (M, error)) {
	t.Helper()
	first, err := m.Encode()
	if err != nil {
		t.Fatalf("%q: encoding: %v", body, err)
	}
	read, err := decode(first)
	if err != nil {
		t.Fatalf("%q, then %q: %v", body, first, err)
	}
	second, err := read.Encode()
	if err != nil {
		t.Fatalf("%q, then %q: encoding again: %v", body, first, err)
	}
	if !bytes.Equal(first, second) {
		t.Errorf("%q, then %q, then %q", body, first, second)
	}
}

func FuzzDecodeOrder(f *testing.F) {
	seed(f, contracts.TypeOrder)
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := contracts.DecodeOrder(body)
		if refused(t, body, err) {
			return
		}
		if m := o.Mission; !uuid.MatchString(m.MissionID) || !token.MatchString(m.Kind) || m.Attempt < 1 || m.TimeoutSeconds < 1 {
			t.Errorf("%q: %+v", body, m)
		}
		again(t, body, o, contracts.DecodeOrder)
	})
}

func FuzzDecodeOrders(f *testing.F) {
	seed(f, contracts.TypeOrder)
	seed(f, contracts.TypeOrders)
	f.Fuzz(func(t *testing.T, body []byte) {
		orders, err := contracts.DecodeOrders(body)
		if refused(t, body, err) {
			return
		}
		if len(orders) < 1 || len(orders) > contracts.MaxPackedOrders {
			t.Errorf("%q: %d orders", body, len(orders))
		}
		for _, o := range orders {
			if m := o.Mission; !uuid.MatchString(m.MissionID) || !token.MatchString(m.Kind) || m.Attempt < 1 || m.TimeoutSeconds < 1 {
				t.Errorf("%q: %+v", body, m)
			}
		}
		again(t, body, contracts.NewOrderPack(orders...), contracts.DecodeOrderPack)
	})
}

func FuzzDecodeStatusPack(f *testing.F) {
	seed(f, contracts.TypeStatus)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := contracts.DecodeStatusPack(body)
		if refused(t, body, err) {
			return
		}
		if p.Token == "" || p.SentAt.IsZero() || len(p.Updates) < 1 || len(p.Updates) > contracts.MaxPackedUpdates {
			t.Errorf("%q: %+v", body, p)
		}
		for _, u := range p.Updates {
			switch {
			case !uuid.MatchString(u.MissionID) || u.Attempt < 1:
				t.Errorf("%q: %+v", body, u)
			case u.Status == contracts.UpdateNoHandler && u.Ticket == nil:
			case u.Status == contracts.UpdateInProgress && u.Execution != "":
			case u.Status.Final() && u.Ticket != nil && u.Ticket.MissionID == u.MissionID && u.Ticket.Execution == u.Execution &&
				u.Ticket.Attempt == u.Attempt && len(u.Result) <= contracts.MaxResultSize:
			default:
				t.Errorf("%q: %+v", body, u)
			}
		}
		again(t, body, p, contracts.DecodeStatusPack)
	})
}

func FuzzDecodeTelemetryPack(f *testing.F) {
	seed(f, contracts.TypeTelemetry)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := contracts.DecodeTelemetryPack(body)
		if refused(t, body, err) {
			return
		}
		if p.Token == "" || p.SentAt.IsZero() || len(p.Reports) < 1 || len(p.Reports) > contracts.MaxPackedReports {
			t.Errorf("%q: %+v", body, p)
		}
		for _, r := range p.Reports {
			if !uuid.MatchString(r.Ticket.MissionID) || r.Seq < 1 || r.Before < 0 || len(r.Lines) > contracts.MaxLogLines ||
				r.Progress != nil && (r.Progress.Percent < 0 || r.Progress.Percent > 100 || len(r.Progress.Text) > contracts.MaxProgressText) {
				t.Errorf("%q: %+v", body, r)
			}
			for _, l := range r.Lines {
				if !l.Level.Valid() || len(l.Text) > contracts.MaxLogText {
					t.Errorf("%q: %+v", body, l)
				}
			}
		}
		again(t, body, p, contracts.DecodeTelemetryPack)
	})
}

func FuzzDecodeRenewalMessage(f *testing.F) {
	seed(f, contracts.TypeRenewal)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := contracts.DecodeRenewalMessage(body)
		if refused(t, body, err) {
			return
		}
		r := m.Renewal
		if m.Token == "" || !uuid.MatchString(r.Session) || !token.MatchString(r.SoldierID) || r.Slots < 1 || len(r.Squads) < 1 ||
			r.Inbox != "" && !strings.HasPrefix(r.Inbox, "amq.gen-") {
			t.Errorf("%q: %+v", body, m)
		}
		again(t, body, m, contracts.DecodeRenewalMessage)
	})
}

func FuzzDecodeAnswerPack(f *testing.F) {
	seed(f, contracts.TypeAnswers)
	f.Fuzz(func(t *testing.T, body []byte) {
		p, err := contracts.DecodeAnswerPack(body)
		if refused(t, body, err) {
			return
		}
		again(t, body, p, contracts.DecodeAnswerPack)
	})
}

// FuzzDecodeMarker: nobody without the key makes a marker, whatever is beside its MAC.
func FuzzDecodeMarker(f *testing.F) {
	seed(f, contracts.TypeMarker)
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := contracts.DecodeMarker(body, exampleKey)
		if errors.Is(err, contracts.ErrForgedTicket) || refused(t, body, err) {
			return
		}
		if want := contracts.NewMarker(exampleKey, m.ID, m.Inbox); m.MAC != want.MAC {
			t.Errorf("%q: taken, and its MAC is not %s", body, want.MAC)
		}
		again(t, body, m, func(b []byte) (contracts.Marker, error) { return contracts.DecodeMarker(b, exampleKey) })
		if _, err := contracts.DecodeMarker(body, []byte("another key")); !errors.Is(err, contracts.ErrForgedTicket) {
			t.Errorf("%q under another key: %v", body, err)
		}
	})
}

// FuzzDecodeSubmission: nobody without the key orders a mission, and what is read under it can be created.
func FuzzDecodeSubmission(f *testing.F) {
	seed(f, contracts.TypeSubmission)
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := contracts.DecodeSubmission(body, exampleKey)
		if errors.Is(err, contracts.ErrForgedTicket) || refused(t, body, err) {
			return
		}
		if _, err := contracts.DecodeSubmission(body, []byte("another key")); !errors.Is(err, contracts.ErrForgedTicket) {
			t.Errorf("%q under another key: %v", body, err)
		}
		for _, m := range s.Missions {
			if !uuid.MatchString(m.MissionID) || !token.MatchString(m.Kind) || !token.MatchString(m.Squad) || m.Attempt != 1 || m.TimeoutSeconds < 1 {
				t.Errorf("%q: %+v", body, m)
			}
		}
		signed, err := contracts.NewSubmission(exampleKey, s.Missions)
		if err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		again(t, body, signed, func(b []byte) (contracts.Submission, error) { return contracts.DecodeSubmission(b, exampleKey) })
	})
}

// FuzzSignedSubmission: what a commander signed is read as it was, whatever stands in it.
func FuzzSignedSubmission(f *testing.F) {
	f.Add("0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "recon <over> sector 7", []byte(`{"a":"\u2028<&>"}`), 1)
	f.Add("0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "x", []byte(` { } `), 20)
	f.Fuzz(func(t *testing.T, id, name string, payload []byte, n int) {
		if !uuid.MatchString(id) || !utf8.ValidString(name) || !json.Valid(payload) || !utf8.Valid(payload) || n < 1 || n > 20 {
			return
		}
		m := contracts.Mission{
			MissionID: id, Name: name, Kind: "k", Squad: "s", Priority: contracts.PriorityHigh, Status: contracts.StatusScheduled,
			Attempt: 1, MaxAttempts: n, TimeoutSeconds: n, Payload: payload, Labels: map[string]string{name: name},
		}
		signed, err := contracts.NewSubmission(exampleKey, slices.Repeat([]contracts.Mission{m}, n))
		if err != nil {
			t.Fatal(err)
		}
		again(t, payload, signed, func(b []byte) (contracts.Submission, error) { return contracts.DecodeSubmission(b, exampleKey) })
	})
}

// FuzzTicketVerify: a ticket holds under the key it was signed with, as it was signed, and in no other way.
func FuzzTicketVerify(f *testing.F) {
	f.Add("0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", 1, int64(1), "8f14e45f", "0193a5af-1b2c-7abc-8def-0123456789ab", false, "", []byte("key"))
	f.Add("", 0, int64(0), "", "", true, "AAAA", []byte(nil))
	f.Add("1:a", -1, int64(-1<<63), "2:bb", "9:ticket/1", true, "=", []byte{0})
	f.Fuzz(func(t *testing.T, mission string, attempt int, run int64, execution, session string, cancel bool, mac string, key []byte) {
		ticket := contracts.Ticket{
			MissionID: mission, Attempt: attempt, Run: run, Execution: execution, Session: session, Cancel: cancel, MAC: mac,
		}
		signed := ticket.Sign(key)
		if err := signed.Verify(key); err != nil {
			t.Fatalf("%+v: %v", signed, err)
		}
		if raw, err := base64.RawURLEncoding.DecodeString(signed.MAC); err != nil || len(raw) != 32 {
			t.Errorf("mac %q", signed.MAC)
		}
		if mac != signed.MAC && ticket.Verify(key) == nil {
			t.Errorf("%+v holds with the MAC %q", ticket, mac)
		}
		for name, edit := range map[string]func(*contracts.Ticket){
			"mission": func(t *contracts.Ticket) { t.MissionID += "0" }, "attempt": func(t *contracts.Ticket) { t.Attempt++ },
			"run": func(t *contracts.Ticket) { t.Run++ }, "execution": func(t *contracts.Ticket) { t.Execution += "0" },
			"session": func(t *contracts.Ticket) { t.Session += "0" }, "cancel": func(t *contracts.Ticket) { t.Cancel = !t.Cancel },
			// The boundary between two fields moves.
			"boundary": func(t *contracts.Ticket) { t.Execution, t.Session = t.Execution+t.Session+"x", "" },
		} {
			x := signed
			edit(&x)
			if !errors.Is(x.Verify(key), contracts.ErrForgedTicket) {
				t.Errorf("%+v holds with another %s", x, name)
			}
		}
	})
}

// FuzzTime: what is read is written in one way only, and reads as the same moment.
func FuzzTime(f *testing.F) {
	for _, s := range []string{
		`"2024-12-08T09:53:47.052Z"`, `"2024-12-08T10:53:47.052999+01:00"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999Z"`,
		`"0000-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999-23:59"`, `"0000-01-01T00:00:00+23:59"`, `null`, `""`, `0`, `"2024-02-30T00:00:00Z"`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var at contracts.Time
		if json.Unmarshal(text, &at) != nil {
			return
		}
		written, err := json.Marshal(at)
		if err != nil {
			t.Fatalf("%s was read and can't be written: %v", text, err)
		}
		var second contracts.Time
		if err := json.Unmarshal(written, &second); err != nil || !second.Equal(at.Time) {
			t.Fatalf("%s became %s: %v", text, written, err)
		}
		if at.IsZero() != (string(written) == "null") {
			t.Errorf("%s became %s", text, written)
		}
		if !at.IsZero() && (at.Location() != time.UTC || at.Nanosecond()%1e6 != 0) {
			t.Errorf("%s is %v", text, at)
		}
		if ms := at.Millis(); ms != 0 && !contracts.FromMillis(ms).Equal(at.Time) {
			t.Errorf("%s by its milliseconds is %v", text, contracts.FromMillis(ms))
		}
	})
}

// FuzzMissionRequest: normalizing twice is normalizing once, makes nothing invalid, and every fault is named.
func FuzzMissionRequest(f *testing.F) {
	for _, s := range []string{
		`{"name":"n"}`, `{"name":" a ","kind":"resize","payload":{ "a" : "<" },"labels":{"k":"v"},"run_at":"2026-12-01T00:00:00Z"}`,
		`{"name":"n","payload":{"min_seconds":20,"failure_rate":2}}`, `{"name":"a\tb","kind":"A","squad":"/","priority":"urgent","max_attempts":-1}`,
		`{"name":"n","labels":{"a:b":"","":"v"},"timeout_seconds":86401}`, `{"name":"n","payload":null}`, `{"name":"n","payload":[]}`,
		`{"name":"n","retry":{"delay_seconds":3600},"delay_seconds":5}`, `{"name":"n","retry":{"max_delay_seconds":3,"factor":1.005}}`,
	} {
		f.Add([]byte(s))
	}
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, body []byte) {
		var r contracts.MissionRequest
		if json.Unmarshal(body, &r) != nil {
			return
		}
		before := r.Validate(now)
		r.Normalize()
		after := r.Validate(now)
		if before == nil && after != nil {
			t.Errorf("%q: valid, and normalized %v", body, after)
		}
		once := r
		r.Normalize()
		if diff := cmp.Diff(once, r); diff != "" {
			t.Errorf("%q, normalized twice:\n%s", body, diff)
		}
		var invalid *contracts.ValidationError
		switch {
		case after == nil:
			if !token.MatchString(r.Kind) || !token.MatchString(r.Squad) || len(r.Payload) > contracts.MaxPayloadSize || !json.Valid(r.Payload) ||
				r.Payload[0] != '{' || r.Name != strings.TrimSpace(r.Name) || r.Name == "" {
				t.Errorf("%q is valid as %+v", body, r)
			}
			if _, err := json.Marshal(r); err != nil {
				t.Errorf("%q: valid, and can't be written: %v", body, err)
			}
		case !errors.As(after, &invalid) || len(invalid.Fields) == 0:
			t.Errorf("%q: %v", body, after)
		default:
			for _, e := range invalid.Fields {
				if e.Field == "" || e.Code == "" || e.Message == "" {
					t.Errorf("%q: %+v", body, e)
				}
			}
		}
	})
}

// FuzzNames: what may be a name, an id or an inbox is what the patterns of the contract say.
func FuzzNames(f *testing.F) {
	for _, s := range []string{
		"a", "A", "", ".a", "a.b_c-d", strings.Repeat("a", 64), strings.Repeat("a", 65), "é", "a\n",
		"0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "0193A5B0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "amq.gen-x", "amq.gen", "orders_queue",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// The patterns' $ would take a line break at the end in some languages, and must not here.
		if got, want := contracts.ValidToken(s), token.MatchString(s); got != want {
			t.Errorf("ValidToken(%q) is %v", s, got)
		}
		if got, want := contracts.ValidMissionID(s), uuid.MatchString(s); got != want {
			t.Errorf("ValidMissionID(%q) is %v", s, got)
		}
		if contracts.ValidInbox(s) && (!strings.HasPrefix(s, "amq.gen-") || len(s) > 255) {
			t.Errorf("ValidInbox(%q)", s)
		}
	})
}

// FuzzSimulatePayload: what is accepted can be carried out.
func FuzzSimulatePayload(f *testing.F) {
	for _, s := range []string{
		`{}`, ``, `{"min_seconds":20}`, `{"max_seconds":1}`, `{"min_seconds":2,"max_seconds":1}`, `{"failure_rate":0.5,"seed":-7}`, `{"x":1}`,
		`{"min_seconds":1e308,"max_seconds":-0}`, `{"seed":1.5}`, `null`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := contracts.ParseSimulatePayload(raw)
		var invalid *contracts.ValidationError
		switch {
		case err == nil:
			if !(p.MinSeconds >= 0 && p.MinSeconds <= p.MaxSeconds && p.MaxSeconds <= contracts.MaxTimeoutSeconds && p.FailureRate >= 0 && p.FailureRate <= 1) {
				t.Errorf("%q: %+v", raw, p)
			}
		case !errors.As(err, &invalid) || len(invalid.Fields) == 0:
			t.Errorf("%q: %v", raw, err)
		default:
			for _, e := range invalid.Fields {
				if !strings.HasPrefix(e.Field, "payload") {
					t.Errorf("%q: %+v", raw, e)
				}
			}
		}
	})
}
