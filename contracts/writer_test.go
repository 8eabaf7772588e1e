package contracts

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

// The quick writer must write what encoding/json writes, and fail where that fails.

// writing is one type's quick writer beside encoding/json. An empty answer is an error.
type writing struct {
	name string
	both func(r *rand.Rand, text string, raw []byte) (quick, careful []byte)
}

func writingOf[M interface{ Encode() ([]byte, error) }](name string) writing {
	return writing{name, func(r *rand.Rand, text string, raw []byte) (quick, careful []byte) {
		var m M
		f := newFiller(r)
		if text != "" || raw != nil {
			f.texts, f.json = []string{text, "x"}, []string{string(raw), "{}"}
		}
		f.fill(reflect.ValueOf(&m).Elem())
		// An error leaves nothing, so what is compared is that both failed.
		quick, _ = m.Encode()
		careful, _ = encode(m)
		return quick, careful
	}}
}

func writings() []writing {
	return []writing{
		writingOf[Order]("order"), writingOf[OrderPack]("orders"), writingOf[StatusPack]("status"), writingOf[AnswerPack]("answers"),
		writingOf[TelemetryPack]("telemetry"),
		writingOf[appended]("mission"),
	}
}

// appended is a mission behind something else.
type appended Mission

func (m appended) Encode() ([]byte, error) {
	one := Mission(m)
	b, err := one.AppendJSON([]byte("before"))
	if err != nil {
		return nil, err
	}
	return bytes.TrimPrefix(b, []byte("before")), nil
}

func (wr writing) agree(t *testing.T, r *rand.Rand, text string, raw []byte) {
	t.Helper()
	if quick, careful := wr.both(r, text, raw); string(quick) != string(careful) {
		t.Errorf("%s:\n got %q\nwant %q", wr.name, quick, careful)
	}
}

func TestTheQuickWriterWritesWhatEncodingJSONWrites(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, wr := range writings() {
		for range 3000 {
			wr.agree(t, r, "", nil)
		}
		for c := range rune(0x120) {
			wr.agree(t, r, "a"+string(c)+"b", []byte(` { "a" : `+string(c)+` "b" } `))
		}
		wr.agree(t, r, "\xff\xc3(", []byte(`{"a":"`+"\xff"+`"}`))
	}
}

func TestTheQuickWriterWritesAnyTime(t *testing.T) {
	at := time.Date(2024, 2, 29, 23, 59, 59, 999_999_999, time.UTC)
	for _, at := range []time.Time{
		at, {}, at.In(time.FixedZone("east", 5*3600+1800)), at.AddDate(-2024, 0, 0), at.AddDate(-2025, 0, 0), at.AddDate(7975, 0, 0),
		at.AddDate(7976, 0, 0), time.UnixMilli(0), time.Now(),
	} {
		p := StatusPack{SentAt: Time{at}}
		quick, err := p.Encode()
		careful, want := encode(p)
		if err != nil || want != nil || string(quick) != string(careful) {
			t.Errorf("%v: %s, %v; want %s, %v", at, quick, err, careful, want)
		}
	}
}

func FuzzQuickWriter(f *testing.F) {
	for _, text := range someTexts {
		for _, raw := range someJSON {
			f.Add(uint64(1), text, []byte(raw))
		}
	}
	f.Fuzz(func(t *testing.T, seed uint64, text string, raw []byte) {
		for _, wr := range writings() {
			wr.agree(t, rand.New(rand.NewPCG(seed, 0)), text, raw)
		}
	})
}
