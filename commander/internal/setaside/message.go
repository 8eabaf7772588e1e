package setaside

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/contracts/topology"
)

// MaxBody is the largest body that is shown, in bytes.
const MaxBody = 64 << 10

// Queues are those that set-aside messages lie in.
func Queues() []string {
	return []string{topology.StatusRefused, topology.SubmissionsRefused, topology.OrdersDead}
}

// Message is one that was set aside.
type Message struct {
	// ID is the message's own, see the package comment.
	ID string `json:"id"`
	// Queue is where it lies, From where it came from and would be sent again; empty where that is not known.
	Queue string `json:"queue"`
	From  string `json:"from,omitempty"`
	Type  string `json:"type,omitempty"`
	// Reason is a stable code, Detail is for people.
	Reason string `json:"reason,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Size is the body's, in bytes.
	Size int `json:"size"`
	// Body is the body where it is JSON, without a token in it; BodyBase64 where it is something else. A body over MaxBody is
	// left out.
	Body       json.RawMessage `json:"body,omitempty"`
	BodyBase64 []byte          `json:"body_base64,omitempty"`
}

// headers that say why a message was set aside: a commander's, and RabbitMQ's of dead letters.
const (
	headerReason     = "reason"
	headerDetail     = "detail"
	headerQueue      = "queue"
	headerDeadReason = "x-first-death-reason"
	headerDeadQueue  = "x-first-death-queue"
)

// ours tells whether a header was added by setting aside.
func ours(header string) bool {
	return slices.Contains([]string{headerReason, headerDetail, headerQueue}, header) || strings.HasPrefix(header, "x-")
}

// describe says what a delivery is, without its body.
func describe(d broker.Delivery) Message {
	m := Message{
		ID: identify(d), Queue: d.Queue, From: d.Headers[headerQueue], Type: d.Type, Reason: d.Headers[headerReason],
		Detail: d.Headers[headerDetail], Size: len(d.Body),
	}
	if m.Reason == "" {
		m.Reason = d.Headers[headerDeadReason]
	}
	if m.From == "" {
		m.From = d.Headers[headerDeadQueue]
	}
	for _, s := range []*string{&m.From, &m.Type, &m.Reason, &m.Detail} {
		*s = strings.ToValidUTF8(*s, "\uFFFD")
	}
	return m
}

// show adds the body.
func (m *Message) show(body []byte) {
	switch {
	case len(body) > MaxBody:
	case utf8.Valid(body) && json.Valid(body):
		m.Body = token.ReplaceAll(withoutToken(body), hidden)
	default:
		m.BodyBase64 = token.ReplaceAll(body, hidden)
	}
}

// token is a JWT (RFC 7519, section 3), wherever it stands: a message that can't be read may have one, too.
var token = regexp.MustCompile(`eyJ[\w-]*\.[\w-]+\.[\w-]*`)

var hidden = []byte("(hidden)") //nolint:gochecknoglobals // a constant

// withoutToken hides a soldier's token: it may still be good.
func withoutToken(body []byte) json.RawMessage {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	found := false
	for name := range fields {
		if strings.EqualFold(name, "token") { // as readers find it
			fields[name], found = json.RawMessage(`"(hidden)"`), true
		}
	}
	if !found {
		return body
	}
	shown, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return shown
}

// identify hashes all of a message that stays the same while it lies in its queue.
func identify(d broker.Delivery) string {
	h := sha256.New()
	part := func(s string) { fmt.Fprintf(h, "%d:%s", len(s), s) }
	part(d.Queue)
	part(d.ID)
	part(d.Type)
	for _, name := range slices.Sorted(maps.Keys(d.Headers)) {
		if name == headerReason || name == headerDetail || name == headerQueue || strings.HasPrefix(name, "x-first-death-") || !ours(name) {
			part(name)
			part(d.Headers[name])
		}
	}
	_, _ = h.Write(d.Body)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// target is the queue that a message is sent again to; false where it came from none that is known.
func (m Message) target() (string, bool) {
	known := m.From == topology.Status || m.From == topology.Submissions || m.From == topology.Orders ||
		strings.HasPrefix(m.From, topology.Orders+".")
	return m.From, known
}

// original is the message as it was before it was set aside.
func original(d broker.Delivery) broker.Message {
	m := broker.Message{ID: d.ID, Type: d.Type, Body: d.Body}
	for name, value := range d.Headers {
		if ours(name) {
			continue
		}
		if m.Headers == nil {
			m.Headers = make(map[string]string)
		}
		m.Headers[name] = value
	}
	return m
}
