package contracts

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
)

// Marker is what a commander sends through status_queue to learn that all before it was taken.
type Marker struct {
	Header
	// ID is the marker's own; Inbox is where whoever takes it sends it back.
	ID    string `json:"id"`
	Inbox string `json:"inbox"`
	// MAC is over ID and Inbox, so that nobody but a commander can make a commander write to a queue.
	MAC string `json:"mac"`
}

// NewMarker returns a marker signed with the commanders' key.
func NewMarker(key []byte, id, inbox string) Marker {
	m := Marker{Header: header(TypeMarker), ID: id, Inbox: inbox}
	m.MAC = m.sum(key)
	return m
}

// Encode returns the marker as JSON.
func (m Marker) Encode() ([]byte, error) { return encode(m) }

// DecodeMarker reads a marker and verifies its MAC. It fails with ErrMalformed, ErrUnknownType,
// ErrUnsupportedVersion or ErrForgedTicket.
func DecodeMarker(body, key []byte) (Marker, error) {
	var m Marker
	if err := decode(body, TypeMarker, &m); err != nil {
		return Marker{}, err
	}
	if !hmac.Equal([]byte(m.MAC), []byte(m.sum(key))) {
		return Marker{}, ErrForgedTicket
	}
	return m, nil
}

func (m Marker) sum(key []byte) string {
	h := hmac.New(sha256.New, key)
	h.Write([]byte("marker/1\x00" + m.ID + "\x00" + m.Inbox))
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
