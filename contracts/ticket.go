package contracts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
)

// Ticket is a grant: the right of one session to carry one execution out. The soldier shows it with every final, so
// that a commander can tell a real execution from an invented one even when its store has lost the grant.
type Ticket struct {
	MissionID string `json:"mission_id"`
	Attempt   int    `json:"attempt"`
	Run       int64  `json:"run"`
	Execution string `json:"execution"`
	Session   string `json:"session"`
	// Cancel: a cancel had been asked for when the ticket was written.
	Cancel bool `json:"cancel,omitempty"`
	// MAC is HMAC-SHA256 (RFC 2104) over the other fields, base64url without padding (RFC 4648, section 5).
	MAC string `json:"mac"`
}

// Sign returns the ticket with its MAC under key, which all commanders share and nobody else has.
func (t Ticket) Sign(key []byte) Ticket {
	t.MAC = t.sum(key)
	return t
}

// Verify returns nil if the MAC fits under key, else ErrForgedTicket. It takes the same time for any wrong MAC.
func (t Ticket) Verify(key []byte) error {
	if !hmac.Equal([]byte(t.MAC), []byte(t.sum(key))) {
		return ErrForgedTicket
	}
	return nil
}

func (t Ticket) sum(key []byte) string {
	// Length-prefixed fields: no two tickets write the same bytes.
	b := make([]byte, 0, 192)
	for _, s := range []string{
		"ticket/1", t.MissionID, strconv.Itoa(t.Attempt), strconv.FormatInt(t.Run, 10), t.Execution, t.Session,
		strconv.FormatBool(t.Cancel),
	} {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
	}
	m := hmac.New(sha256.New, key)
	m.Write(b)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
