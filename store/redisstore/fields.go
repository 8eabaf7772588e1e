package redisstore

import (
	"encoding/binary"
	"errors"
	"strconv"
	"strings"
)

// Fields are how rows and history lines keep values: each is a tag, a byte from 1 on, and a number (zigzag varint), a text
// (uvarint length, bytes) or an id. Fields with their usual value are left out, since there is one set for each mission that
// Redis remembers. The tag body ends them: what follows, to the end, is a payload or a result.
const body = 0

func putInt(b []byte, tag byte, v int64) []byte {
	if v == 0 {
		return b
	}
	return binary.AppendVarint(append(b, tag), v)
}

func putString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// putText leaves out the usual.
func putText(b []byte, tag byte, s, usual string) []byte {
	if s == usual {
		return b
	}
	return putString(append(b, tag), s)
}

// putID keeps a UUID in 17 bytes, and any other text as it is; an empty one is left out.
func putID(b []byte, tag byte, id string) []byte {
	if id == "" {
		return b
	}
	b = append(b, tag)
	if raw, ok := parseID(id); ok {
		return append(append(b, 0), raw[:]...)
	}
	return append(binary.AppendUvarint(b, uint64(len(id))), id...)
}

func putBody[T ~[]byte](b []byte, text T) []byte {
	if len(text) == 0 {
		return b
	}
	return append(append(b, body), text...)
}

// putSection appends what put appends, behind its length in four bytes.
func putSection(b []byte, put func([]byte) []byte) []byte {
	at := len(b)
	b = put(append(b, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(b[at:], uint32(len(b)-at-4)) //nolint:gosec // far below 4 GiB: Redis takes 512 MiB
	return b
}

var errCutShort = errors.New("it ends too early")

// reader reads what the functions above wrote. Its texts are copies. After an error it gives zero values.
type reader struct {
	b   string
	err error
}

func (r *reader) take(n uint64) string {
	if n > uint64(len(r.b)) {
		r.b, r.err = "", errCutShort
		return ""
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

// takeLast takes from the end.
func (r *reader) takeLast(n uint64) string {
	if n > uint64(len(r.b)) {
		r.b, r.err = "", errCutShort
		return ""
	}
	at := uint64(len(r.b)) - n
	s := r.b[at:]
	r.b = r.b[:at]
	return s
}

// fixed reads a big-endian number of n bytes.
func (r *reader) fixed(n uint64) (v uint64) {
	for _, c := range []byte(r.take(n)) {
		v = v<<8 | uint64(c)
	}
	return v
}

// section is a text behind its length in n bytes. It is no copy.
func (r *reader) section(n uint64) string { return r.take(r.fixed(n)) }

// digits reads what putDigits wrote.
func (r *reader) digits() int64 {
	v, err := strconv.ParseInt(r.take(digits), 10, 64)
	if err != nil && r.err == nil {
		r.b, r.err = "", err
	}
	return v
}

func (r *reader) uvarint() (v uint64) {
	for shift := 0; ; shift += 7 {
		c := r.take(1)
		if c == "" || shift > 63 {
			r.b, r.err = "", errCutShort
			return 0
		}
		v |= uint64(c[0]&0x7f) << shift
		if c[0] < 0x80 {
			return v
		}
	}
}

// next is the tag of the next field; body, too, at the end.
func (r *reader) next() byte {
	if r.b == "" {
		return body
	}
	return r.take(1)[0]
}

func (r *reader) int64() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1) //nolint:gosec // zigzag
}

func (r *reader) int() int { return int(r.int64()) }

func (r *reader) text() string { return strings.Clone(r.take(r.uvarint())) }

func (r *reader) id() string {
	n := r.uvarint()
	if n > 0 {
		return strings.Clone(r.take(n))
	}
	var raw rawID
	copy(raw[:], r.take(uint64(len(raw))))
	if r.err != nil {
		return ""
	}
	return raw.String()
}

// rest is all that is left, nil if there is nothing.
func (r *reader) rest() []byte {
	if r.b == "" {
		return nil
	}
	text := []byte(r.b)
	r.b = ""
	return text
}
