package mission

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/mission-control-dev/mission-control/commander/internal/strictjson"
	"github.com/mission-control-dev/mission-control/contracts"
)

// A seal proves that a mission which a soldier tells of stood in an order of ours: docs/adr/0024. It is base64url, without
// padding, of
//
//	SHA-256 of the payload (32 bytes) | HMAC-SHA256 over all that is adopted, that digest in the payload's place (32 bytes)
//
// So it fits a mission without its payload, too, as a COMPLETED brings it. The payload's digest is that of its value: who
// reads JSON and writes it again may sort keys, escape otherwise, and write 1.0 as 1. A number that it rounds is another one.

// What is sealed is what a commander reads. Of two keys that differ only in case encoding/json takes the last one for both,
// where others take the one that is spelled right: so Text.SameForAll is asked first.
//
// What is adopted has our spelling of numbers (strictjson.Plain): of those that are equal a reader of whole numbers may not read
// each, and whoever publishes an order again could choose one that its handler can't read.

// What a seal is of. Missions without a Retry and a concurrency key keep the first, so that orders from before there was one can still be adopted,
// also by a commander of that time.
const (
	sealOfOrder   = "order/1"
	sealWithRetry = "order/2"
	// sealWithKey is behind either.
	sealWithKey = "+concurrency"
	// sealWithBounds follows one of these where the mission has a unique key or a deadline.
	sealWithBounds = "+bounds"
)

const (
	digestSize = sha256.Size
	sealSize   = digestSize + sha256.Size
)

var errNoKey = errors.New("the key that seals orders is empty")

// Seal returns the seal of an order's mission. key is what all commanders share and nobody else has; it may not be empty.
func Seal(m contracts.Mission, key []byte) (string, error) {
	if len(key) == 0 {
		return "", fmt.Errorf("seal the order of mission %s: %w", m.MissionID, errNoKey)
	}
	digest, err := digestOf(m.Payload)
	if err != nil {
		return "", fmt.Errorf("seal the order of mission %s: %w", m.MissionID, err)
	}
	return base64.RawURLEncoding.EncodeToString(sealed(m, digest, key)), nil
}

// sealFits tells whether the mission of an update is the one that its seal was made for. A COMPLETED may lack the payload.
func sealFits(u contracts.Update, key []byte) bool {
	m := u.Mission
	got, err := base64.RawURLEncoding.DecodeString(u.Seal)
	if err != nil || len(got) != sealSize || len(key) == 0 {
		return false
	}
	digest := got[:digestSize:digestSize]
	if len(m.Payload) > 0 || u.Status != contracts.UpdateCompleted {
		if digest, err = digestOf(m.Payload); err != nil {
			return false
		}
	}
	return hmac.Equal(got, sealed(*m, digest, key))
}

// digestOf returns the digest of a payload's value. Two readers must not understand it differently.
func digestOf(payload []byte) ([]byte, error) {
	if len(payload) == 0 {
		return make([]byte, digestSize), nil
	}
	if _, err := strictjson.Object(payload, contracts.MaxJSONDepth); err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	value, err := strictjson.Value(payload)
	if err != nil {
		return nil, fmt.Errorf("payload: %w", err)
	}
	sum := sha256.Sum256(value)
	return sum[:], nil
}

// sealed returns the bytes of the seal. It covers what restored reads of a mission: who reads more there adds it here, under
// another number.
func sealed(m contracts.Mission, digest, key []byte) []byte {
	fields := []string{
		sealOfOrder, m.MissionID, m.Name, m.Kind, string(digest), string(m.Priority), m.Squad,
		strconv.Itoa(m.Attempt), strconv.Itoa(m.MaxAttempts), strconv.FormatInt(m.Run, 10), strconv.Itoa(m.Losses),
		strconv.Itoa(m.TimeoutSeconds), strconv.Itoa(len(m.Labels)),
	}
	if r := m.Retry; r != nil {
		fields[0] = sealWithRetry
		fields = append(fields, strconv.Itoa(r.DelaySeconds), strconv.FormatFloat(r.Factor, 'g', -1, 64), strconv.Itoa(r.MaxDelaySeconds))
	}
	if m.ConcurrencyKey != "" {
		fields[0] += sealWithKey
		fields = append(fields, m.ConcurrencyKey)
	}
	if m.UniqueKey != "" || !m.DeadlineAt.IsZero() {
		fields[0] += sealWithBounds
		fields = append(fields, m.UniqueKey, strconv.FormatInt(m.DeadlineAt.Millis(), 10))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Labels)) {
		fields = append(fields, name, m.Labels[name])
	}
	if e := m.Error; e != nil {
		fields = append(fields, e.Code, e.Message)
	}
	// Length-prefixed fields: no two missions write the same bytes.
	b := make([]byte, 0, 512)
	for _, s := range fields {
		b = strconv.AppendInt(b, int64(len(s)), 10)
		b = append(b, ':')
		b = append(b, s...)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(b)
	return mac.Sum(digest[:digestSize:digestSize])
}
