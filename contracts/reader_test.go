package contracts

import (
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The quick reader must agree with encoding/json on whatever it accepts, and must accept what we write.

// Strings, and JSON, of random messages; those of strange messages alone come last.
var someTexts = []string{"", "x", "default", "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", "größer 漢字", "<&>", "a \"b\" \\ \x00\n", "\u2028"}

var someJSON = []string{`{}`, `[]`, `"a \" } ] b"`, `{"a":[{"b":"\\"},1.5e-3,null],"ü":"\u00fc"}`, `[[1,2],{"x":true}]`, `17`, `true`, `null`}

const (
	strangeTexts = 3
	strangeJSON  = 3
)

// filler makes random messages.
type filler struct {
	*rand.Rand
	texts, json []string
	strange     int // 1 or 0
}

// newFiller returns one that makes ordinary messages, which are read quickly, or one of strange ones.
func newFiller(r *rand.Rand) filler {
	strange := r.IntN(2)
	ordinary := 1 - strange
	return filler{r, someTexts[:len(someTexts)-strangeTexts*ordinary], someJSON[:len(someJSON)-strangeJSON*ordinary], strange}
}

// fill gives every field that v has a random value, those included that are added one day.
func (r filler) fill(v reflect.Value) {
	switch v.Interface().(type) {
	case Time:
		if r.IntN(4) >= r.strange {
			v.Set(reflect.ValueOf(FromMillis(r.Int64N(250e12))))
		}
		return
	case json.RawMessage:
		if r.IntN(4) > 0 {
			v.Set(reflect.ValueOf(json.RawMessage(r.json[r.IntN(len(r.json))])))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(r.texts[r.IntN(len(r.texts))])
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64() >> (5 + r.IntN(59) - 5*r.strange) * int64(r.IntN(3)-1))
	case reflect.Float64:
		v.SetFloat(float64(r.IntN(2000)-500) / 100)
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Pointer:
		if r.IntN(2) == 0 {
			v.Set(reflect.New(v.Type().Elem()))
			r.fill(v.Elem())
		}
	case reflect.Slice:
		n := r.IntN(4)
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			r.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			r.fill(key)
			r.fill(value)
			v.SetMapIndex(key, value)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			r.fill(v.Field(i))
		}
	default:
		panic("no random value for " + v.Type().String())
	}
}

// reading is one type's quick reader beside encoding/json.
type reading struct {
	name string
	// random encodes a random message, quick and careful read one.
	random         func(r *rand.Rand) ([]byte, error)
	quick, careful func(body []byte) (any, bool)
}

func readingOf[M interface{ Encode() ([]byte, error) }](name string, read func(*reader, *M)) reading {
	return reading{
		name: name,
		random: func(r *rand.Rand) ([]byte, error) {
			var m M
			newFiller(r).fill(reflect.ValueOf(&m).Elem())
			return m.Encode()
		},
		quick: func(body []byte) (any, bool) {
			var m M
			ok := quickly(body, func(r *reader) { read(r, &m) })
			return m, ok
		},
		careful: func(body []byte) (any, bool) {
			var m M
			err := json.Unmarshal(body, &m)
			return m, err == nil
		},
	}
}

func readings() []reading {
	return []reading{
		readingOf("order", (*reader).order), readingOf("orders", (*reader).orderPack), readingOf("status", (*reader).statusPack), readingOf("answers", (*reader).answerPack),
		readingOf("telemetry", (*reader).telemetryPack),
	}
}

// agree tells whether the quick reader accepts the body. It must not read it otherwise than encoding/json.
func (re reading) agree(t *testing.T, body []byte) bool {
	t.Helper()
	got, accepted := re.quick(body)
	if !accepted {
		return false
	}
	want, ok := re.careful(body)
	if !ok {
		t.Errorf("%s %q: read as %+v, encoding/json refuses it", re.name, body, got)
	} else if diff := cmp.Diff(want, got); diff != "" || !reflect.DeepEqual(want, got) {
		t.Errorf("%s %q: %s", re.name, body, diff)
	}
	return true
}

func TestTheQuickReaderReadsWhatEncodingJSONReads(t *testing.T) {
	const others = "{}[]\",:\\ 0-1.en\x00\xff"
	r := rand.New(rand.NewPCG(1, 2))
	for _, re := range readings() {
		accepted := 0
		for range 2000 {
			body, err := re.random(r)
			if err != nil {
				t.Fatal(err)
			}
			if re.agree(t, body) {
				accepted++
			}
			// Any byte may be another one, be missing, or come twice.
			at := r.IntN(len(body))
			for _, with := range []string{"", string(body[at]) + string(body[at]), string(others[r.IntN(len(others))])} {
				re.agree(t, []byte(string(body[:at])+with+string(body[at+1:])))
			}
		}
		if accepted < 200 {
			t.Errorf("%s: only %d of 2000 were read quickly", re.name, accepted)
		}
	}
}

func FuzzQuickReader(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, re := range readings() {
		for range 10 {
			body, err := re.random(r)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, re := range readings() {
			re.agree(t, body)
		}
	})
}

// TestOrdinaryMessagesAreReadQuickly: what every mission sends takes the short way.
func TestOrdinaryMessagesAreReadQuickly(t *testing.T) {
	at := At(time.Now())
	m := Mission{
		MissionID: "0193a5b0-7c1e-7d7a-9c3b-0c1d2e3f4a5b", Name: "größer", Kind: "resize", Payload: []byte(`{"image":"covers/7.png","width":6.4e2}`),
		Priority: PriorityNormal, Squad: DefaultSquad, Labels: map[string]string{"team": "blue"}, Status: StatusQueued, Attempt: 1,
		ConcurrencyKey: "customer-42", MaxAttempts: 3, TimeoutSeconds: 300, Retry: &Retry{DelaySeconds: 60, Factor: 1.5, MaxDelaySeconds: 900}, CreatedAt: at,
		UpdatedAt: at, RunAt: at, Version: 1,
	}
	ticket := Ticket{MissionID: m.MissionID, Attempt: 1, Run: 1, Execution: "e", Session: "s", Cancel: true}.Sign([]byte("key"))
	order := NewOrder(m, 1, at)
	order.Seal = "seal"
	for i, message := range []interface{ Encode() ([]byte, error) }{
		order,
		NewOrderPack(order, order),
		NewStatusPack("token", at, "amq.gen-1",
			Update{Status: UpdateInProgress, MissionID: m.MissionID, Attempt: 1, Execution: "e", Redelivered: true, DispatchedAt: at, MadeAt: at},
			Update{Status: UpdateCompleted, MissionID: m.MissionID, Attempt: 1, Execution: "e", Ticket: &ticket, Mission: &m, Seal: "seal", Result: []byte(`{"ok":true}`), MadeAt: at},
			Update{Status: UpdateFailed, MissionID: m.MissionID, Attempt: 1, Execution: "e", Ticket: &ticket, Error: &MissionError{Code: "failed", Message: "why"}, MadeAt: at}),
		NewAnswerPack(
			Answer{Type: AnswerGranted, MissionID: m.MissionID, Execution: "e", Ticket: &ticket}, Answer{Type: AnswerRecorded, Execution: "e"},
			Answer{Type: AnswerRefused, MissionID: m.MissionID, Execution: "e", Reason: "why"}),
		NewTelemetryPack("token", at, Report{Seq: 1, Ticket: ticket, Progress: &Progress{Percent: 40, Text: "größer"}},
			Report{Seq: 2, Ticket: ticket, Before: 7, Lines: []LogLine{{At: at, Level: LevelInfo, Text: "resized 3 of 7"}, {At: at, Level: LevelWarn, Text: "w", Cut: true}}}),
	} {
		body, err := message.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if re := readings()[i]; !re.agree(t, body) {
			t.Errorf("%s %s: not read quickly", re.name, body)
		}
	}
}

// TestFieldsThatComeTwice are read as encoding/json does: the last one counts, and is merged into the first.
func TestFieldsThatComeTwice(t *testing.T) {
	for _, re := range readings() {
		for _, body := range []string{
			`{"v":1,"v":2,"type":"a","type":"b"}`,
			`{"mission":{"labels":{"a":"1"},"name":"n","error":{"code":"c"},"payload":{"a":1}},"mission":{"labels":{"b":"2"},"error":{"message":"m"},"payload":[]}}`,
			`{"updates":[{"ticket":{"run":1},"ticket":{"attempt":2},"mission":{"run":1},"mission":{"name":"n"}}],"token":"t"}`,
			`{"updates":[{"attempt":1}],"updates":[{"run":1}]}`,
			`{"answers":[{"ticket":{"run":1},"ticket":{"attempt":2}}],"answers":[{}]}`,
			`{"orders":[{"mission":{"run":1},"mission":{"attempt":2}}],"orders":[{}]}`,
			`{"reports":[{"ticket":{"run":1},"ticket":{"attempt":2},"progress":{"percent":1},"progress":{"text":"t"},"lines":[{"cut":true}]}]}`,
			`{"reports":[{"lines":[{"cut":true}],"lines":[{"text":"t"}]}]}`,
		} {
			re.agree(t, []byte(body))
		}
	}
}

// TestDepthIsForEncodingJSON: a result nested so deep that encoding/json refuses the message is not let in another way.
func TestDepthIsForEncodingJSON(t *testing.T) {
	re := readings()[2]
	for _, depth := range []int{maxQuickDepth - 1, maxQuickDepth + 1, 9_999} {
		body := `{"v":1,"type":"status","updates":[{"result":` + strings.Repeat("[", depth) + strings.Repeat("]", depth) + `}]}`
		if re.agree(t, []byte(body)) != (depth <= maxQuickDepth) {
			t.Errorf("depth %d: read quickly, or not", depth)
		}
	}
}

func TestPeekHeaderLooksNoFurther(t *testing.T) {
	for body, want := range map[string]Header{
		`{"v":1,"type":"status","token":`:              {1, TypeStatus},
		` {"type" : "status", "v" : 1, "token": null}`: {1, TypeStatus},
		`{"token":"t","v":1,"type":"status"}`:          {1, TypeStatus},
	} {
		if got, err := PeekHeader([]byte(body)); err != nil || got != want {
			t.Errorf("%s: %+v, %v", body, got, err)
		}
	}
}
